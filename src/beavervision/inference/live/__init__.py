"""Parts of a live session: arriving speech, its motion, faces drawn on time, and the loop of an idle person."""
