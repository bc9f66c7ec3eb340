"""Segments of UNIPEN's digits that are not the digit of their label, found by looking at them.

A person agrees that each is mislabeled or cut. A digit that is only ugly or ambiguous is not here.

Most are from `ibm`. At the end of each of its files, from the last box with several strokes on,
every stroke has a box and a label of its own. So a digit that was written with several strokes
became pieces: the slash of a 0, the base of a 1, the two strokes of a 4, the circles of an 8. They
cannot be put together again, because each is stored in coordinates of its own. Pieces that are a
digit themselves, as a 0 without its slash, are not here.
"""

from collections.abc import Mapping

# Reason -> file, below its category -> the strokes of its segments, as the file has them.
EXCLUDED: Mapping[str, Mapping[str, str]] = {
    "a part of the digit": {
        "ced/sibi4900_s_j3.dat": "451:1-451:43",
        "ibm/ibm0/r0007.dat": "748 770 771",
        "ibm/ibm0/r0011.dat": "862 883 887 888 889 895 907 908 909 910",
        "ibm/ibm0/r0104.dat": "939 1019 1041 1043 1044",
        "ibm/ibm0/r0107.dat": "1057 1078",
        "ibm/ibm0/r0112.dat": "1168",
        "ibm/ibm0/r0113.dat": "1041 1148 1149",
        "ibm/ibm0/r0116.dat": "899 900 998 999",
        "ibm/ibm0/r0204.dat": "1317 1342",
        "ibm/ibm0/r0207.dat": "1292 1362 1383 1391 1392",
        "ibm/ibm0/r0211.dat": "1425 1435 1503 1627 1628 1629 1644 1659",
        "ibm/ibm0/r0215.dat": "1397",
        "ibm/ibm0/r0304.dat": "1659 1664 1668",
        "ibm/ibm0/r0306.dat": "2010 2012 2026 2029 2030 2038",
        "ibm/ibm0/r0312.dat": "1823 1839",
        "ibm/ibm0/r0313.dat": "1736 1748 1751 1761",
        "ibm/ibm0/r0315.dat": "1681 1698 1699",
        "ibm/ibm0/r0404.dat": "1835 1882 1958",
        "ibm/ibm0/r0405.dat": "1749 1801",
        "ibm/ibm0/r0408.dat": "1998 2023 2096",
        "ibm/ibm0/r0411.dat": "2010 2156 2157 2162 2270 2278 2280 2286 2311 2312 2313",
        "ibm/ibm0/r0414.dat": "1999 2001 2002 2005 2084 2087",
    },
    "several characters": {
        "ced/aaaa9018_s_2h.dat": "417-420",
        "val/gresai30.dat": "4-5 73-76 81-82 89-90 94-95 110-112 115-116 120-121 136-137 141-142",
        "val/gresai36.dat": "130-131",
    },
    "another character": {
        "aga/crlmtchl.dat": "596",
        "apb/apb12/app1229.dat": "8",
        "ced/ayml3525_s_0k.dat": "428-430 432",
        "ced/flad4341_s_jh.dat": "464 466",
    },
    "recorded wrongly: the pen jumps": {
        "val/gresai31.dat": "111-111",
        "val/gresai34.dat": "292-294",
        "val/gresai36.dat": "132-133",
        "val/gresai38.dat": "0-4",
    },
}


def is_excluded(file: str, extent: str) -> bool:
    """Return whether a segment is excluded, given its file, below its category, and its strokes."""
    return any(extent in files.get(file, "").split() for files in EXCLUDED.values())
