"""What is said beside every field for a patient's key."""

KEY_HELP = "Patient or case number. Only a keyed hash of it is stored; upper case and spaces do not matter."
WHY_KEY = (
    "All pages of a patient must be on the same side when models are trained and tested, and are erased together: the "
    "key tells whose pages they are."
)
