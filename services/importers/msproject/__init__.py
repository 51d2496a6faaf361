"""Project plans: Microsoft Project (.mpp, XML), Primavera and Planner files, read by MPXJ in a process of its own."""
