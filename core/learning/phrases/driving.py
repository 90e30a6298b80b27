"""How to ask for what a car does, and what its roads are called."""

from core.learning.phrases.book import Book

PHRASES: dict[str, tuple[str, ...]] = {
    "drive_on": (
        "drive on", "drive forward", "drive straight on", "keep driving", "follow the road",
        "drive ahead", "stay in the lane", "go down the road", "continue along the road",
        "drive straight ahead", "keep to the lane", "drive along the street", "cruise",
    ),
    "steer_left": (
        "steer left", "change lanes to the left", "move to the left lane", "pull out to the left",
        "take the left lane", "change to the left lane", "merge left", "switch to the left lane",
        "ease over to the left lane",
    ),
    "steer_right": (
        "steer right", "change lanes to the right", "move to the right lane",
        "pull in to the right", "take the right lane", "change to the right lane", "merge right",
        "switch to the right lane", "ease over to the right lane",
    ),
    "bend_left": (
        "drive around the left bend", "take the next left", "turn left at the junction",
        "turn left at the corner", "turn into the street on the left", "drive left",
        "take the bend to the left", "follow the road to the left", "make a left turn",
        "drive round the corner to the left",
    ),
    "bend_right": (
        "drive around the right bend", "take the next right", "turn right at the junction",
        "turn right at the corner", "turn into the street on the right", "drive right",
        "take the bend to the right", "follow the road to the right", "make a right turn",
        "drive round the corner to the right",
    ),
    "brake": (
        "brake", "slow down", "slow to a halt", "stop the car", "brake to a stop", "hit the brakes",
        "come to a stop", "let the car roll out", "reduce speed", "slow the car",
    ),
    "accelerate": (
        "drive off", "set off", "speed up", "accelerate", "pull away", "start driving",
        "get going", "pick up speed",
    ),
    "parked": (
        "wait in the car", "keep the car still", "stay parked", "wait at the kerb", "do not drive",
        "stand with the car", "remain stopped", "leave the car where it is",
    ),
    "reverse": (
        "reverse the car", "drive backwards", "back the car up", "drive in reverse",
        "put it in reverse", "roll back", "drive back the way you came", "back down the road",
    ),
}

HELD_OUT: dict[str, tuple[str, ...]] = {
    "drive_on": ("continue down the street", "keep going along the road"),
    "steer_left": ("go over to the left lane", "move over into the left lane"),
    "steer_right": ("go over to the right lane", "move over into the right lane"),
    "bend_left": ("turn left into the side street", "take the left turn"),
    "bend_right": ("turn right into the side street", "take the right turn"),
    "brake": ("bring the car to a stop", "slow down and stop the car"),
    "accelerate": ("start to drive", "drive off and speed up"),
    "parked": ("keep the car parked", "wait with the car"),
    "reverse": ("drive the car backwards", "back up along the road"),
}

#: Road styles (``driving.styles.STYLES``) → ways to say them.
PLACES: dict[str, tuple[str, ...]] = {
    "a sunny suburb": (
        "a sunny suburb", "a suburban road in the sun", "houses along a sunny road",
        "a residential street by day", "a leafy neighbourhood", "a bright suburb with gardens",
    ),
    "a village at dusk": (
        "a village at dusk", "a village road in the evening", "houses with lit windows at dusk",
        "a country village at sunset", "a road through a village at nightfall",
    ),
    "a snowy road": (
        "a snowy road", "a road in winter", "a village in the snow", "a white winter road",
        "snow beside the road", "a cold road between fir trees",
    ),
    "an autumn road": (
        "an autumn road", "a road in autumn", "golden trees along the road", "a road in the fall",
        "a hazy autumn lane", "orange trees beside a road",
    ),
    "a city avenue": (
        "a city avenue", "a wide street in the city", "an avenue between tall buildings",
        "a road in town by day", "a boulevard with plane trees", "downtown streets",
    ),
}

BOOK = Book(PHRASES, HELD_OUT, PLACES)
