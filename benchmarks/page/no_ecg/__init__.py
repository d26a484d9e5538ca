"""Pictures from slides, reports, programs and telephones that are no page of an ECG, drawn by Pillow and matplotlib."""
