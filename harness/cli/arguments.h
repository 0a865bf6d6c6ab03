// What every sub-command of `plumb` takes besides its own options.
#pragma once

#include "harness/base/arguments.h"
#include "harness/cli/command.h"

namespace plumb::cli {

class Arguments : public plumb::Arguments {
 public:
  // Takes --kubeconfig and --context into `globals`.
  Arguments(const std::string& command, const std::string& summary, Globals& globals) : plumb::Arguments("plumb " + command, summary) {
    group("Global");
    option("--kubeconfig", globals.kubeconfig, "the cluster's kubeconfig (default: $KUBECONFIG, then ~/.kube/config)");
    option("--context", globals.context, "the context in it (default: its current-context)");
    group("Options");
  }
};

}  // namespace plumb::cli
