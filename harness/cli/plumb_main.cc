#include <csignal>

#include "harness/cli/command.h"

int main(int count, char** values) {
  std::signal(SIGPIPE, SIG_IGN);
  return plumb::cli::run_program({values + 1, values + count});
}
