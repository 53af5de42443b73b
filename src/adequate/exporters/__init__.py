"""What takes a design to other tools and to hardware."""
