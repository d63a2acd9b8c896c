"""Programme packs: what a programme's payment request holds, must satisfy and pays, as a directory of data.

``load`` reads one, ``lint`` says all that is missing, ``assess`` weighs a form by it. Nothing here knows a programme.
"""
