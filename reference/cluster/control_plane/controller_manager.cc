// The controller manager: every registered controller over one set of caches, each acting as its own service account.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "harness/base/encoding.h"
#include "harness/base/log.h"
#include "reference/cluster/control_plane/component.h"
#include "reference/controllers/framework/manager.h"

namespace plumb::cluster {
namespace {

// Whether the controllers are to run: decided once, by the election or by the end.
class Duty {
 public:
  void decide(bool run) {
    std::lock_guard lock(mutex_);
    if (!run) ended_ = true;
    if (!decided_) decided_ = run;
    changed_.notify_all();
  }
  bool await() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return decided_.has_value(); });
    return *decided_;
  }
  bool ended() const {
    std::lock_guard lock(mutex_);
    return ended_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<bool> decided_;
  bool ended_ = false;
};

class ControllerManager final : public Component {
 public:
  std::string summary() const override { return "runs the controllers: deployment, replicaset, garbage collector, …"; }

  void declare(Arguments& arguments) override {
    arguments.group("Controllers");
    arguments.flag("--use-service-account-credentials", own_accounts_,
                   "each controller acts as its own service account in kube-system (default true); else all as the controller manager, whose role does not suffice for that");
    const auto choose = [this](const std::string& text) -> Status {
      chosen_.clear();
      for (const std::string_view one : split(text, ',')) chosen_.emplace_back(trim(one));
      return controllers::check_controllers(chosen_);
    };
    arguments.taken_option("--controllers", choose, "*", "which run: * all, NAME that one, -NAME all but that one; comma-separated");
    for (const controllers::OptionSpec& spec : controllers::option_specs()) {
      const auto take = [this, spec](const std::string& text) -> Status {
        PLUMB_TRY(controllers::check_option(spec, text));
        settings_[std::string(spec.name)] = text;
        return {};
      };
      arguments.taken_option("--" + std::string(spec.name), take, std::string(spec.otherwise), std::string(spec.help));
    }
    arguments.group("Options");
  }

  // As upstream's: one that waits for the lease keeps no caches.
  Status start(const ComponentContext& context) override {
    controllers::ManagerOptions options;
    options.controllers = chosen_;
    auto settings = settings_;
    settings["root-ca-pem"] = context.root_ca_pem;
    options.options = controllers::Options(std::move(settings));
    accounts_ = &context.accounts;
    const auto client = [this, &context_client = context.client](const std::string& account) { return own_accounts_ ? accounts_->client(account) : &context_client; };
    manager_ = std::make_unique<controllers::Manager>(std::move(options), client, context.informers, context.clock);

    // On a thread of its own, since it waits: for the lease, and for the accounts' tokens.
    duty_ = std::make_shared<Duty>();
    starter_ = std::thread([this] {
      if (!duty_->await()) return;
      if (const Status started = manager_->start(); !started.ok() && !duty_->ended()) log::error("kube-controller-manager", started.error().message);
    });
    if (!context.election) {
      duty_->decide(true);
      return {};
    }
    informer::LeaderCallbacks callbacks;
    callbacks.started_leading = [duty = duty_] { duty->decide(true); };
    callbacks.stopped_leading = [duty = duty_, lost = context.lost_leadership] {
      if (lost && !duty->ended()) lost();
    };
    elector_ = std::make_unique<informer::LeaderElector>(context.client, context.clock, *context.election, std::move(callbacks));
    elector_->start();
    return {};
  }

  void stop() override {
    if (duty_) duty_->decide(false);
    if (accounts_) accounts_->stop();
    if (starter_.joinable()) starter_.join();
    if (manager_) manager_->stop();
    elector_.reset();
  }

 private:
  bool own_accounts_ = true;
  Accounts* accounts_ = nullptr;
  std::vector<std::string> chosen_ = {"*"};
  std::map<std::string, std::string> settings_;
  std::unique_ptr<controllers::Manager> manager_;
  std::shared_ptr<Duty> duty_;
  std::thread starter_;
  std::unique_ptr<informer::LeaderElector> elector_;
};

const Registered<Component> registered_controller_manager{"kube-controller-manager", [] { return std::make_unique<ControllerManager>(); }};

}  // namespace
}  // namespace plumb::cluster
