"""The print on a page: lead names, paper speed, gain, filters, and the rate and intervals that the machine printed.

``page_print.read_print`` is the door. Nothing of it reaches a network: names tell which trace is which lead, speed and
gain what a millimetre means, and the machine's own numbers are shown beside what was measured.
"""
