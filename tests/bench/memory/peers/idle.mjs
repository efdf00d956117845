// Does nothing, once a second: as little as a program can.
setInterval(() => undefined, 1000);
