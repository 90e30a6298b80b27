"""Everything the studio does, without a window. Never imports Qt."""

from core.machine.late import hide

hide()
