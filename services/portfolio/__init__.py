"""The portfolio as a whole: which proposals fit into budget and capacity, and how the projects stand."""
