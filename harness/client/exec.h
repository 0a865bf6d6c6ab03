// A command in a container, over the WebSocket form of the exec subresource: v5.channel.k8s.io, with v4 as the fallback.
// https://kubernetes.io/blog/2024/08/20/websockets-transition/
#pragma once

#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "harness/client/kubeconfig.h"

namespace plumb::client {

struct ExecOptions {
  std::string container;  // empty: the pod's only or default one
  std::string input;      // sent as stdin and then ended, which only v5 can say: Code::unsupported on older servers
  Duration timeout = std::chrono::seconds(60);
};

struct ExecResult {
  int exit_code = 0;
  std::string out, err;
  std::string protocol;  // what was spoken
};

// `path` is that of the exec subresource. A command that ends with another exit code than 0 is a result; an Error means that it could not be
// started or followed to its end.
Result<ExecResult> run_exec(const Config& config, const std::string& path, const std::vector<std::string>& command, const ExecOptions& options);

}  // namespace plumb::client
