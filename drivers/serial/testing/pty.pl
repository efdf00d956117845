# The hardware behind a serial port, for tests: the master of a pseudo terminal. Prints "path PATH" and then "data HEX" for what
# the other end sent, or with the argument "loop" sends it back; takes "write HEX", "pause" and "resume" (reading) as lines. Ends with
# its input, which hangs the port up.
use strict;
use warnings;
use Fcntl;

sysopen(my $master, "/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK) or die "no /dev/ptmx: $!\n";
my $unlock = pack("i", 0);
ioctl($master, 0x40045431, $unlock) or die "TIOCSPTLCK: $!\n";
my $number = pack("i", 0);
ioctl($master, 0x80045430, $number) or die "TIOCGPTN: $!\n";
$| = 1;
print "path /dev/pts/", unpack("i", $number), "\n";

# What goes back waits here while nobody takes it, and then nothing more is read.
my ($commands, $back, $isReading, $isLoop) = ("", "", 1, @ARGV && $ARGV[0] eq "loop");
while (1) {
  my $reads = $isReading && length $back < 4096;
  my ($set, $room) = ("", "");
  vec($set, fileno(STDIN), 1) = 1;
  vec($set, fileno($master), 1) = 1 if $reads;
  vec($room, fileno($master), 1) = 1 if length $back;
  next if select(my $found = $set, my $free = $room, undef, undef) < 1;
  if ($reads && vec($found, fileno($master), 1)) {
    # EIO: nobody has the other end open.
    if (!sysread($master, my $data, 4096)) { select(undef, undef, undef, 0.01) }
    elsif ($isLoop) { $back .= $data }
    else { print "data ", unpack("H*", $data), "\n" }
  }
  if (length $back && vec($free, fileno($master), 1)) {
    my $count = syswrite($master, $back);
    substr($back, 0, $count) = "" if $count;
  }
  next unless vec($found, fileno(STDIN), 1);
  exit 0 unless sysread(STDIN, $commands, 4096, length $commands);
  while ($commands =~ s/^(.*)\n//) {
    my ($verb, $hex) = split / /, $1;
    $isReading = $verb ne "pause" if $verb eq "pause" || $verb eq "resume";
    $back .= pack("H*", $hex) if $verb eq "write";
  }
}
