// A network namespace for tests with the kernel's nftables: endpoints are addresses of the loopback interface, Services' addresses have a
// route. The whole program moves into it.
#pragma once

#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "harness/base/process.h"
#include "harness/base/result.h"

namespace plumb::proxy::testing {

// permission_denied without root.
inline Status enter_own_network() {
  if (geteuid() != 0) return fail(Code::permission_denied, "needs root, for a network namespace and nftables");
  if (unshare(CLONE_NEWNET) < 0) return fail_errno("making a network namespace");
  PLUMB_TRY(run_checked({"ip", "-batch", "-"}, {.input = "link set lo up\nlink add d0 type veth peer name d1\naddr add 192.0.2.10/24 dev d0\nlink set d0 up\nlink set d1 up\nroute add default dev d0\n"}));
  return {};
}

}  // namespace plumb::proxy::testing
