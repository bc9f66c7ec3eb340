"""What images of non-digits are made from: fonts, digits, photographs and clothing.

The fonts, photographs and articles of clothing come from these Debian packages:

    apt-get install dataset-fashion-mnist mate-backgrounds fonts-breip fonts-bwht fonts-cantarell \
        fonts-comic-neue fonts-dancingscript fonts-dejavu-core fonts-dkg-handwriting fonts-dosis \
        fonts-ebgaramond fonts-ecolier-court fonts-femkeklaver fonts-freefont-ttf \
        fonts-humor-sans fonts-inconsolata fonts-isabella fonts-jura fonts-kaushanscript \
        fonts-klee fonts-kristi fonts-lato fonts-leckerli-one fonts-liberation2 fonts-noto-core \
        fonts-open-sans fonts-opendyslexic fonts-quicksand fonts-roboto-fontface fonts-rufscript \
        fonts-sil-gentiumplus fonts-sjfonts fonts-summersby fonts-tomsontalks fonts-vollkorn \
        fonts-yusei-magic
"""

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image, ImageFont

from inkdigits.arrays import Pixels
from inkdigits.data.mnist import Digits

Split: TypeAlias = Literal["development", "test"]
Font: TypeAlias = ImageFont.FreeTypeFont

SPLITS: tuple[Split, ...] = ("development", "test")
FONTS = Path("/usr/share/fonts")
FASHION = Path("/usr/share/datasets/fashion-mnist")
PHOTOGRAPHS = Path("/usr/share/backgrounds/mate/nature")


@dataclass(frozen=True, eq=False)
class Sources:
    """The material that images are made from.

    digits       real digits to put side by side or to cut
    clothes      uint8 (N, 28, 28), Fashion-MNIST
    photographs  each uint8 (H, W, 3)
    fonts        for each script, the fonts that have all its letters, or digits
    """

    digits: Digits
    clothes: Pixels
    photographs: list[Pixels]
    fonts: dict[str, list[Font]]


FONT_PX = 72

SCRIPTS = {
    "uppercase letters": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "lowercase letters": "abcdefghijklmnopqrstuvwxyz",
    "Greek letters": "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρστυφχψω",
    "Cyrillic letters": "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзиклмнопрстуфхцчшщъыьэюя",
    "Chinese characters": "一人大小中山川水火木金土日月田目口手足車馬魚鳥犬牛花草林森空雨雪風電"
    "東西南北上下左右前後内外高低長短新古多少早明暗父母子女男友先生学校本文字書読話語言"
    "行来出入立休見聞食飲買売作使思知今年時分国家町村道駅店工乙王玉石糸竹虫貝赤青白黒",
    "symbols": "&@#?%+=*$€£<>~^§",
}

# One or two upright faces per family, handwriting first. Those at even indices are for development.
FACES = (
    "dkg.ttf", "Breip.ttf", "DancingScript-Regular.otf", "femkeklaver.ttf",
    "Ecolier-court.ttf", "Isabella.ttf", "KaushanScript-Regular.otf", "Kristi.ttf",
    "LeckerliOne-Regular.ttf", "Rufscript010.ttf", "SteveHand.ttf", "Delphine.ttf",
    "TomsonTalks.ttf", "summersby.ttf", "Humor-Sans.ttf", "BecauseWeLearn-Regular.otf",
    "ComicNeue-Regular.otf", "BecauseWeCreate-Regular.otf", "KleeOne-Regular.ttf",
    "YuseiMagic-Regular.ttf", "DejaVuSans.ttf", "FreeSans.ttf", "DejaVuSerif.ttf",
    "FreeSerif.ttf", "Lato-Light.ttf", "Cantarell-Regular.otf", "OpenSans-Regular.ttf",
    "Roboto-Regular.ttf", "LiberationMono-Regular.ttf", "Inconsolata.otf", "Jura-Medium.otf",
    "Dosis-Book.otf", "GentiumPlus-Regular.ttf", "EBGaramond12-Regular.otf",
    "LiberationSerif-Bold.ttf", "Vollkorn-Regular.ttf", "Quicksand-Medium.ttf",
    "OpenDyslexic-Regular.otf", "LiberationSans-Regular.ttf", "Roboto-Light.ttf",
)  # fmt: skip

UPPERCASE_ONLY = (
    "TomsonTalks.ttf", "Humor-Sans.ttf",
    "BecauseWeLearn-Regular.otf", "BecauseWeCreate-Regular.otf",
)  # fmt: skip


# The digits 0 to 9 of other scripts; of Arabic, those of Persian follow. And their fonts: one for
# development, another one for testing.
OTHER_DIGITS = {
    "Arabic": "٠١٢٣٤٥٦٧٨٩۴۵۶",
    "Devanagari": "०१२३४५६७८९",
    "Bengali": "০১২৩৪৫৬৭৮৯",
    "Gurmukhi": "੦੧੨੩੪੫੬੭੮੯",
    "Gujarati": "૦૧૨૩૪૫૬૭૮૯",
    "Tamil": "௦௧௨௩௪௫௬௭௮௯",
    "Telugu": "౦౧౨౩౪౫౬౭౮౯",
    "Kannada": "೦೧೨೩೪೫೬೭೮೯",
    "Malayalam": "൦൧൨൩൪൫൬൭൮൯",
    "Thai": "๐๑๒๓๔๕๖๗๘๙",
    "Lao": "໐໑໒໓໔໕໖໗໘໙",
    "Khmer": "០១២៣៤៥៦៧៨៩",
}
OTHER_FACES = {
    script: (f"NotoSans{script}-Regular.ttf", f"NotoSerif{script}-Regular.ttf")
    for script in OTHER_DIGITS
} | {"Arabic": ("NotoSansArabic-Regular.ttf", "NotoNaskhArabic-Regular.ttf")}

PICTOGRAMS = "+×✕✖✗✓✔★☆✩✪✫✬✭✮✯✰✱✲✳✴✵✶✷✸✹✚✛✜✢✣✤✥❋"  # noqa: RUF001
PICTOGRAM_FACES = ("DejaVuSans.ttf", "FreeSerif.ttf")


def load(split: Split, digits: Digits) -> Sources:
    """Load the material for one split.

    digits   validation digits for "development", test digits for "test"
    raises   FileNotFoundError, which names the packages, if something is not installed
    """
    fashion, photographs = FASHION / "t10k-images-idx3-ubyte.gz", []
    if split == "development":
        fashion = FASHION / "train-images-idx3-ubyte.gz"
    try:
        clothes = np.frombuffer(gzip.decompress(fashion.read_bytes()), np.uint8, offset=16)
        if split == "development":
            from sklearn.datasets import load_sample_images  # not installed for the tests

            photographs = list(load_sample_images().images)
        else:
            paths = sorted(PHOTOGRAPHS.iterdir())
            photographs = [np.array(Image.open(path).convert("RGB")) for path in paths]
        fonts = _fonts(split)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{error}. Install the packages listed here:\n{__doc__}") from None
    return Sources(digits, clothes.reshape(-1, 28, 28), photographs, fonts)


def _fonts(split: Split) -> dict[str, list[Font]]:
    files = {path.name: path for path in FONTS.rglob("*")}
    number = SPLITS.index(split)
    faces = FACES[number::2]
    others = {script: pair[number] for script, pair in OTHER_FACES.items()}
    others["pictograms"] = PICTOGRAM_FACES[number]
    missing = [face for face in (*faces, *others.values()) if face not in files]
    if missing:
        raise FileNotFoundError(f"missing fonts: {', '.join(missing)}")
    loaded = {face: ImageFont.truetype(files[face], FONT_PX) for face in faces}
    fonts = {
        script: [font for font in loaded.values() if _has(font, letters)]
        for script, letters in SCRIPTS.items()
    }
    # Some fonts have uppercase letters in place of lowercase ones.
    uppercase = [font for face, font in loaded.items() if face in UPPERCASE_ONLY]
    fonts["lowercase letters"] = [
        font for font in fonts["lowercase letters"] if font not in uppercase
    ]
    return fonts | {
        name: [ImageFont.truetype(files[face], FONT_PX)] for name, face in others.items()
    }


def _has(font: Font, letters: str) -> bool:
    """Return whether a font has all letters; for a missing one it draws a box, or nothing."""

    def glyph(letter: str) -> bytes:
        return bytes(font.getmask(letter))

    missing = {glyph("\uffff"), glyph(" "), b""}
    return not any(glyph(letter) in missing for letter in letters)
