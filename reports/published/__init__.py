"""Numbers that the source papers print, as data, and as rows beside measured ones."""
