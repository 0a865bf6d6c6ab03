#include "reference/controllers/framework/manager.h"

#include <algorithm>

namespace plumb::controllers {

Manager::Manager(ManagerOptions options, ClientFor client_for, informer::InformerFactory& informers, Clock& clock)
    : options_(std::move(options)), client_for_(std::move(client_for)), informers_(informers), clock_(clock) {}

Manager::~Manager() { stop(); }

Status check_controllers(const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    const std::string name = pattern.starts_with("-") ? pattern.substr(1) : pattern;
    if (name != "*" && !Registry<Controller>::all().contains(name))
      return fail(Code::invalid_argument, "start controllers: there is no controller \"" + name + "\"; plumbd list controllers shows all");
  }
  return {};
}

std::vector<OptionSpec> option_specs() {
  std::map<std::string, OptionSpec> by_name;
  for (const auto& [name, make] : Registry<Controller>::all())
    for (OptionSpec& spec : make()->options()) by_name.emplace(spec.name, spec);
  std::vector<OptionSpec> specs;
  for (auto& [name, spec] : by_name) specs.push_back(std::move(spec));
  return specs;
}

Status Manager::start() {
  PLUMB_TRY(check_controllers(options_.controllers));
  for (const auto& [name, make] : Registry<Controller>::all()) {
    if (!wanted(name)) continue;
    std::unique_ptr<Controller> controller = make();
    informer::Client* client = client_for_(controller->account());
    if (!client) return fail(Code::cancelled, "start " + name + ": there is no client for service account " + controller->account());
    drivers_.push_back(std::make_unique<Driver>(name, std::move(controller), *client, informers_, clock_, options_.options));
  }
  informers_.start();
  for (const auto& driver : drivers_) driver->start();
  return {};
}

bool Manager::wanted(std::string_view name) const {
  for (const std::string& pattern : options_.controllers) {
    if (pattern == name) return true;
    if (pattern.starts_with("-") && std::string_view(pattern).substr(1) == name) return false;
  }
  return std::find(options_.controllers.begin(), options_.controllers.end(), "*") != options_.controllers.end();
}

void Manager::stop() {
  // The informers may still deliver: a driver that has stopped drops what its handlers add, so it stays until they are gone.
  for (const auto& driver : drivers_) driver->stop();
}

bool Manager::synced() const {
  return std::all_of(drivers_.begin(), drivers_.end(), [](const auto& driver) { return driver->synced(); });
}

std::vector<std::string> Manager::running() const {
  std::vector<std::string> names;
  for (const auto& driver : drivers_) names.push_back(driver->name());
  return names;
}

}  // namespace plumb::controllers
