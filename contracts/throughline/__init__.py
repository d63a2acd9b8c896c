"""What is spoken on the line. One module per topic; ``flow`` is the map, ``lifecycle`` the states people see."""
