/* The floor: the kernel's GPIO requests from C, one after the other. `loop set|get NODE LINE COUNT` prints nanoseconds a call in
   the best of the batches, `loop edges NODE LINE COUNT` the age of each edge when it is read. */
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* As many calls as inside/gpio.ts measures at once. */
#define BATCH 40

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv) {
  struct gpio_v2_line_request request;
  struct gpio_v2_line_values values;
  struct gpio_v2_line_event event;
  if (argc != 5) return 2;
  int chip = open(argv[2], O_RDWR);
  int count = atoi(argv[4]);
  memset(&request, 0, sizeof request);
  request.offsets[0] = atoi(argv[3]);
  request.num_lines = 1;
  request.event_buffer_size = 1024;
  request.config.flags = strcmp(argv[1], "edges") ? strcmp(argv[1], "set") ? GPIO_V2_LINE_FLAG_INPUT : GPIO_V2_LINE_FLAG_OUTPUT
    : GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING;
  if (chip < 0 || ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) < 0) return 1;
  if (!strcmp(argv[1], "edges")) {
    puts("ready");
    fflush(stdout);
    for (int i = 0; i < count && read(request.fd, &event, sizeof event) == sizeof event; i++) {
      printf("%lld\n", now() - (long long)event.timestamp_ns);
      fflush(stdout);
    }
    return 0;
  }
  int isSet = !strcmp(argv[1], "set");
  long long best = -1;
  for (int batch = 0; batch < count; batch++) {
    long long begin = now();
    for (int i = 0; i < BATCH; i++) {
      values.bits = i & 1;
      values.mask = 1;
      if (ioctl(request.fd, isSet ? GPIO_V2_LINE_SET_VALUES_IOCTL : GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0) return 1;
    }
    long long each = (now() - begin) / BATCH;
    if (best < 0 || each < best) best = each;
  }
  printf("%lld\n", best);
  return 0;
}
