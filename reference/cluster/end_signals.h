// The signals that end a role: SIGTERM and SIGINT. They are waited for, so every thread has to block them.
#pragma once

#include <pthread.h>
#include <signal.h>

namespace plumb::cluster {

// Call before any thread is made. SIGPIPE is ignored from here on.
inline sigset_t block_end_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

}  // namespace plumb::cluster
