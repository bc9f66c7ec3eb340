"""Constants that every part shares."""

IMAGE_SIDE = 28  # height and width of MNIST's images, and of what every network sees, in pixels
CLASSES = 10  # the digits
DIGITS = tuple(map(str, range(CLASSES)))  # their names
MAX_CLASSES = 1000  # that a model tells apart
MAX_NAME = 64  # characters of the name of a class, a writer or a profile
