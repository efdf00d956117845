# The hardware behind a serial port, for tests: the master of a pseudo terminal. Prints "path PATH" and then "data HEX" for what
# the other end sent; takes "write HEX", "pause" and "resume" (reading) as lines. Ends with its input, which hangs the port up.
use strict;
use warnings;
use Fcntl;

sysopen(my $master, "/dev/ptmx", O_RDWR | O_NOCTTY) or die "no /dev/ptmx: $!\n";
my $unlock = pack("i", 0);
ioctl($master, 0x40045431, $unlock) or die "TIOCSPTLCK: $!\n";
my $number = pack("i", 0);
ioctl($master, 0x80045430, $number) or die "TIOCGPTN: $!\n";
$| = 1;
print "path /dev/pts/", unpack("i", $number), "\n";

my ($commands, $isReading) = ("", 1);
while (1) {
  my $set = "";
  vec($set, fileno(STDIN), 1) = 1;
  vec($set, fileno($master), 1) = 1 if $isReading;
  next if select(my $found = $set, undef, undef, undef) < 1;
  if ($isReading && vec($found, fileno($master), 1)) {
    # EIO: nobody has the other end open.
    if (sysread($master, my $data, 4096)) { print "data ", unpack("H*", $data), "\n" }
    else { select(undef, undef, undef, 0.01) }
  }
  next unless vec($found, fileno(STDIN), 1);
  exit 0 unless sysread(STDIN, $commands, 4096, length $commands);
  while ($commands =~ s/^(.*)\n//) {
    my ($verb, $hex) = split / /, $1;
    $isReading = $verb ne "pause" if $verb eq "pause" || $verb eq "resume";
    syswrite($master, pack("H*", $hex)) if $verb eq "write";
  }
}
