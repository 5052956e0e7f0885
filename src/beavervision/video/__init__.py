"""Video files in and out (PyAV), and the layers that a picture is made of."""
