"""Tables of anyone's data: columns of files, levels of attributes, groups of rows."""
