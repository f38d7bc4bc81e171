"""The command line. ``main`` knows the commands by name; their modules are imported when they are called."""
