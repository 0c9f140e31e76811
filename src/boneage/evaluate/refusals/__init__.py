"""What must be refused: generated inputs of many kinds, and how many of them are.

Nothing here shares code with `train/negatives.py`, whose pictures taught the hand finder.
"""
