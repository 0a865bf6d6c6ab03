// The controller manager: every registered controller, on one set of informers. Handlers of the controllers stay with the informers:
// stop() the manager, then the informers, and only then destroy the manager.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/driver.h"

namespace plumb::controllers {

struct ManagerOptions {
  // As upstream's --controllers: "*" all, "name" that one, "-name" all but that one. The first that fits decides.
  std::vector<std::string> controllers = {"*"};
  Options options;
};

// invalid_argument when a pattern names a controller that is not registered.
Status check_controllers(const std::vector<std::string>& patterns);
// Of all registered controllers, by name.
std::vector<OptionSpec> option_specs();

class Manager {
 public:
  // Gives the client that a controller writes with, by its service account ("deployment-controller"); it must outlive the manager.
  // nullptr: there is none, and start() fails.
  using ClientFor = std::function<informer::Client*(const std::string& account)>;

  Manager(ManagerOptions options, ClientFor client_for, informer::InformerFactory& informers, Clock& clock);
  ~Manager();  // as stop()

  // Fails when a name fits no registered controller. Starts the informers too; workers begin when the caches have synced.
  Status start();
  void stop();
  // Every controller's caches have synced.
  bool synced() const;
  std::vector<std::string> running() const;

 private:
  bool wanted(std::string_view name) const;

  const ManagerOptions options_;
  const ClientFor client_for_;
  informer::InformerFactory& informers_;
  Clock& clock_;
  std::vector<std::unique_ptr<Driver>> drivers_;
};

}  // namespace plumb::controllers
