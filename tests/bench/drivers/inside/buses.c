/* The floor of round trips on an emulated board. `buses i2c NODE BATCHES`: two bytes of register 0 of the chip at 0x48, by I2C_RDWR on a node that
   stays open; `buses i2c-opened NODE BATCHES`: the same, with the node opened, tied to the address and closed each time; `buses serial NODE BATCHES`:
   16 bytes to a port whose wires are joined, until they are back. Prints nanoseconds a round trip in the best of the batches. */
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* As many as inside/buses.ts measures at once. */
#define BATCH 10
#define SIZE 16

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int transfer(int fd) {
  unsigned char command = 0, data[2];
  struct i2c_msg messages[2] = {{0x48, 0, 1, &command}, {0x48, I2C_M_RD, 2, data}};
  struct i2c_rdwr_ioctl_data all = {messages, 2};
  return ioctl(fd, I2C_RDWR, &all) == 2 ? 0 : -1;
}

static int opened(const char *node) {
  int fd = open(node, O_RDWR);
  if (fd < 0 || ioctl(fd, I2C_SLAVE, 0x48) < 0) return -1;
  int result = transfer(fd);
  close(fd);
  return result;
}

static int echo(int fd) {
  char data[SIZE] = "0123456789abcde";
  int have = 0, count;
  if (write(fd, data, SIZE) != SIZE) return -1;
  while (have < SIZE && (count = read(fd, data + have, SIZE - have)) > 0) have += count;
  return have == SIZE ? 0 : -1;
}

int main(int argc, char **argv) {
  struct termios raw;
  if (argc != 4) return 2;
  int isOpened = !strcmp(argv[1], "i2c-opened"), isSerial = !strcmp(argv[1], "serial");
  int fd = open(argv[2], O_RDWR | O_NOCTTY);
  if (fd < 0) return 1;
  if (isSerial) {
    if (tcgetattr(fd, &raw) < 0) return 1;
    cfmakeraw(&raw);
    cfsetspeed(&raw, B115200);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    raw.c_cflag |= CLOCAL | CREAD;
    if (tcsetattr(fd, TCSANOW, &raw) < 0) return 1;
  }
  long long best = -1;
  for (int batch = 0; batch < atoi(argv[3]); batch++) {
    long long begin = now();
    for (int i = 0; i < BATCH; i++)
      if ((isSerial ? echo(fd) : isOpened ? opened(argv[2]) : transfer(fd)) < 0) return 1;
    long long each = (now() - begin) / BATCH;
    if (best < 0 || each < best) best = each;
  }
  printf("%lld\n", best);
  return 0;
}
