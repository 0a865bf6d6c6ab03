#include "reference/cluster/control_plane/flags.h"

#include <unistd.h>

#include "harness/base/random.h"
#include "reference/api/text/time.h"

namespace plumb::cluster {
namespace {

using namespace std::chrono_literals;

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

}  // namespace

void duration_option(Arguments& arguments, const std::string& names, Duration& value, const std::string& help) {
  const auto take = [&value](const std::string& text) -> Status {
    const Duration parsed = PLUMB_TRY(api::parse_duration(text));
    if (parsed <= 0ns) return fail(Code::invalid_argument, text + " is not above zero");
    value = parsed;
    return {};
  };
  arguments.taken_option(names, take, api::format_duration(value), help);
}

void ElectionFlags::declare(Arguments& arguments, const std::string& component) {
  arguments.group("Leader election");
  arguments.flag("--leader-elect", leader_elect, "work only while holding the lease, where several of a kind may run (default true)");
  duration_option(arguments, "--leader-elect-lease-duration", options.lease_duration, "others take over when the lease was not renewed for this long");
  duration_option(arguments, "--leader-elect-renew-deadline", options.renew_deadline, "a leader that could not renew the lease for this long gives up");
  duration_option(arguments, "--leader-elect-retry-period", options.retry_period, "time between two tries to take or renew the lease");
  arguments.option("--leader-elect-resource-namespace", options.namespace_, "namespace of the lease");
  if (!component.empty()) {
    options.name = component;
    arguments.option("--leader-elect-resource-name", options.name, "name of the lease");
  }
  arguments.group("Options");
}

Status ElectionFlags::check() const {
  if (!leader_elect) return {};
  if (options.lease_duration < 1s)
    return fail(Code::invalid_argument, "--leader-elect-lease-duration must be at least 1s: a lease counts whole seconds");
  if (options.lease_duration <= options.renew_deadline)
    return fail(Code::invalid_argument, "--leader-elect-lease-duration must be greater than --leader-elect-renew-deadline");
  if (options.renew_deadline <= options.retry_period * 6 / 5)
    return fail(Code::invalid_argument, "--leader-elect-renew-deadline must be greater than 1.2 times --leader-elect-retry-period");
  return {};
}

informer::LeaderElectionOptions ElectionFlags::candidate(const std::string& component) const {
  informer::LeaderElectionOptions made = options;
  if (made.name.empty()) made.name = component;
  made.identity = host_name() + "_" + random_uuid();
  return made;
}

}  // namespace plumb::cluster
