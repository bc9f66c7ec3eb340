"""What a person agrees to before the first sample of their handwriting is kept."""

CONSENT_VERSION = 1  # raised whenever the words change
CONSENT_TEXT = (
    "You make a profile of your handwriting. It keeps the digits that you add: the picture, the "
    "strokes if you drew it, which digit it is, where it is from, and when you added it; and the "
    "models that are fitted to them. They are used to recognize your handwriting and for nothing "
    "else, and stay in the database of this program. Whoever runs that database can see them. You "
    "can look at your digits, save them as a file, remove each of them, and delete the whole "
    "profile at any time; nothing of it is left in the database then."
)
