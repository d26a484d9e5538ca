"""What no model of this program can do."""

LIMITS = """
- The result is normal, abnormal or refer. The model names no diagnosis and rules none out.
- It is intended for twelve-lead pages: machine exports, scans, and photos of paper with a printed grid; photos were
  measured on simulated ones. Children's ECGs, paced rhythms and single-lead strips were not measured.
- Probabilities are calibrated on the data above. Where abnormal pages are rarer or of another kind, they are off.
- Boxes, shares and Grad-CAM show what the networks used. They are hints for a reader, not findings.
- Header and footer of a page never reach a network: a diagnosis printed there neither helps nor is checked.
"""
