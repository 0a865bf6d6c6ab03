// A component at work: its client, its caches and, where it has to lead, what happens when it leads no more.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "reference/cluster/control_plane/component.h"

namespace plumb::cluster {

struct RunnerOptions {
  std::string name;  // in error messages
  std::shared_ptr<Component> component;
  std::unique_ptr<informer::Client> client;
  std::unique_ptr<Accounts> accounts;
  std::string root_ca_pem;
  std::function<Result<net::TlsClientOptions>()> identity;
  std::string bind_address = "0.0.0.0", advertise_address;
  std::uint16_t secure_port = 0;
  std::optional<informer::LeaderElectionOptions> election;
  // When the lease is lost; the program ends, as upstream's do. Without it the component is stopped, its caches are dropped, and it stands
  // for election again.
  std::function<void()> lost_leadership;
};

class Runner {
 public:
  static Result<std::unique_ptr<Runner>> start(RunnerOptions options, Clock& clock);
  // Ends the component before what it uses.
  ~Runner();

 private:
  Runner(RunnerOptions options, Clock& clock) : options_(std::move(options)), clock_(clock) {}
  Status begin();
  void end();
  void begin_again_when_lost();

  RunnerOptions options_;
  Clock& clock_;
  std::unique_ptr<informer::InformerFactory> informers_;
  // Outlives the runner for a callback of the election that is still under way.
  struct News {
    std::mutex mutex;
    std::condition_variable changed;
    bool lost = false, stopping = false;  // under mutex
  };
  const std::shared_ptr<News> news_ = std::make_shared<News>();
  std::thread thread_;
};

}  // namespace plumb::cluster
