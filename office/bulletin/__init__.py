"""The monthly bulletin (通报) that 晋政发〔2017〕46号 七(一) has the county issue: who did what was asked, and when.

Counted from the records alone, by the county's calendar month. Nothing in it names a child, tells what happened to one
or says who reported: case numbers, steps, offices and deadlines only.
"""
