"""Does this program run compiled, or as the Python that it is written in?"""

from typing import Final

IS_COMPILED: Final[bool] = not __file__.endswith(".py")
FORM: Final[str] = "compiled" if IS_COMPILED else "interpreted"
