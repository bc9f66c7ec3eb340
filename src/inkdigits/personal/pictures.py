"""Pictures of samples, to look at."""

from inkdigits.data.samples import Sample
from inkdigits.imaging.decode import encode_png


def sample_png(sample: Sample) -> bytes:
    """Encode what the network sees of a sample as a PNG file of 28x28 pixels."""
    return encode_png(sample.seen)
