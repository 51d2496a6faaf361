"""``pmo bench``: how fast this machine is at each part of the way, beside what is aimed at. Never a test."""
