"""The steering pack: gathered as plain data, shown as one HTML file, and reproduced by its digest."""
