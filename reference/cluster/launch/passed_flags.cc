#include "reference/cluster/launch/passed_flags.h"

#include <string_view>

#include "reference/api/text/time.h"

namespace plumb::cluster {

using namespace std::chrono_literals;

namespace {
constexpr char node_role[] = "proxy";  // runs on nodes; all others are the control plane's
}

const std::vector<PassedFlag>& passed_flags() {
  using Kind = PassedFlag::Kind;
  static const std::vector<PassedFlag> flags{
      {"node-monitor-grace-period", "controller-manager", Kind::duration, "50s", "a node that was silent for this long counts as lost; nodes are heard of every 10 s", 1ns},
      {"horizontal-pod-autoscaler-sync-period", "controller-manager", Kind::duration, "15s", "every autoscaler is looked at this often", 10ms},
      {"horizontal-pod-autoscaler-event-driven", "controller-manager", Kind::truth, "false", "true: look at an autoscaler as soon as a metric of it changes, too", {}},
      {"metric-resolution", "metrics-server", Kind::duration, "15s", "time between two readings of what a node and its pods use; at least 10s", 10s},
      {"network-policy", node_role, Kind::truth, "true", "false: no node enforces NetworkPolicies", {}},
  };
  return flags;
}

Status check_flag(const PassedFlag& flag, const std::string& text) {
  if (flag.kind == PassedFlag::Kind::truth) {
    if (text == "true" || text == "false") return {};
    return fail(Code::invalid_argument, "\"" + text + "\" is neither true nor false");
  }
  if (PLUMB_TRY(api::parse_duration(text)) >= flag.least) return {};
  return fail(Code::invalid_argument, text + " is too short: at least " + api::format_duration(flag.least));
}

std::vector<std::string> flag_args(const FlagValues& values, const std::string& role) {
  std::vector<std::string> args;
  for (const PassedFlag& flag : passed_flags()) {
    const auto value = values.find(flag.name);
    if (value != values.end() && (role == flag.role || (role == "all" && std::string_view(flag.role) != node_role))) args.insert(args.end(), {"--" + std::string(flag.name), value->second});
  }
  return args;
}

}  // namespace plumb::cluster
