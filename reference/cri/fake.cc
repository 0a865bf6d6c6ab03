#include "reference/cri/fake.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>

namespace plumb::cri {
namespace {

constexpr int kKilled = 137, kTerminated = 143;

bool labels_match(const StringMap& wanted, const StringMap& have) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& entry) {
    const auto found = have.find(entry.first);
    return found != have.end() && found->second == entry.second;
  });
}

std::string hex_id(std::uint64_t number, char kind) {
  char text[65];
  std::snprintf(text, sizeof text, "%c%063llx", kind, static_cast<unsigned long long>(number));
  return text;
}

std::string with_tag(const std::string& image) {
  const auto slash = image.rfind('/');
  const bool tagged = image.find(':', slash == std::string::npos ? 0 : slash) != std::string::npos || image.find('@') != std::string::npos;
  return tagged ? image : image + ":latest";
}

}  // namespace

struct FakeRuntime::State : std::enable_shared_from_this<FakeRuntime::State> {
  struct FakeSandbox {
    SandboxMetadata metadata;
    StringMap labels, annotations;
    WallTime created_at;
    int address = 0;  // 0: on the host's network
    bool ready = true;
    std::vector<std::string> containers;
  };
  struct FakeContainer {
    std::string sandbox_id, name, image, log_path;
    std::uint32_t attempt = 0;
    StringMap labels, annotations;
    FakeBehaviour behaviour;
    ContainerState state = ContainerState::created;
    WallTime created_at;
    std::optional<WallTime> started_at, finished_at;
    int exit_code = 0;
    std::string reason;
    Clock::TimerId timer = 0;
  };
  struct Failure {
    int left;
    Error error;
  };

  State(Clock& given_clock, FakeOptions given_options) : clock(given_clock), options(std::move(given_options)) {}

  Status failure(const std::string& call) {  // under mutex
    const auto found = failures.find(call);
    if (found == failures.end()) return {};
    const Error error = found->second.error;
    if (--found->second.left == 0) failures.erase(found);
    return error;
  }
  Error missing(const char* what, const std::string& id) const { return fail(Code::not_found, std::string(what) + " " + id + " does not exist"); }

  // Events go out after the state lock is released, in order: event_mutex is taken first and held over both.
  void emit(const Event& event) {
    for (const auto& [key, callback] : callbacks) callback(event);
  }

  template <class Change>
  void change(Change&& make_change) {
    std::lock_guard order(event_mutex);
    std::vector<Event> events;
    {
      std::lock_guard lock(mutex);
      make_change(events);
    }
    for (const auto& event : events) emit(event);
  }

  void end(const std::string& id, FakeContainer& container, int exit_code, const std::string& reason, std::vector<Event>& events) {
    if (container.timer) clock.cancel(std::exchange(container.timer, 0));
    if (container.state == ContainerState::exited) return;
    container.state = ContainerState::exited;
    container.finished_at = clock.wall();
    if (!container.started_at) container.started_at = container.finished_at;
    container.exit_code = exit_code;
    container.reason = !reason.empty() ? reason : exit_code == 0 ? "Completed" : "Error";
    if (container.reason == "OOMKilled") events.push_back({Event::Kind::out_of_memory, id, 0});
    events.push_back({Event::Kind::exited, id, exit_code});
  }

  void end_at(Duration delay, const std::string& id, int exit_code) {  // under mutex
    auto& container = containers.at(id);
    if (container.timer) clock.cancel(container.timer);
    container.timer = clock.after(delay, [weak = weak_from_this(), id, exit_code] {
      if (const auto self = weak.lock()) self->change([&](auto& events) { self->end_if_there(id, exit_code, events); });
    });
  }
  void end_if_there(const std::string& id, int exit_code, std::vector<Event>& events) {
    const auto found = containers.find(id);
    if (found == containers.end()) return;
    found->second.timer = 0;
    end(id, found->second, exit_code, "", events);
  }

  void run_now(const std::string& id, std::vector<Event>& events) {
    const auto found = containers.find(id);
    if (found == containers.end() || found->second.state != ContainerState::created) return;
    auto& container = found->second;
    container.timer = 0;
    container.state = ContainerState::running;
    container.started_at = clock.wall();
    events.push_back({Event::Kind::started, id, 0});
    if (container.behaviour.runs_for) end_at(*container.behaviour.runs_for, id, container.behaviour.exit_code);
  }

  void remove(const std::string& id, std::vector<Event>& events) {
    const auto found = containers.find(id);
    if (found == containers.end()) return;
    if (found->second.state == ContainerState::running) end(id, found->second, kKilled, "", events);
    if (found->second.timer) clock.cancel(found->second.timer);
    containers.erase(found);
    events.push_back({Event::Kind::removed, id, 0});
  }

  int take_address() {
    for (int n = 2; n < 255; n++)
      if (addresses.insert(n).second) return n;
    return -1;
  }
  std::string address_text(int address) const { return options.pod_ip_prefix + std::to_string(address); }

  Clock& clock;
  const FakeOptions options;
  std::mutex event_mutex;  // before mutex
  std::map<int, std::function<void(const Event&)>> callbacks;
  int next_callback = 0;
  std::mutex mutex;
  std::unordered_map<std::string, FakeSandbox> sandboxes;
  std::unordered_map<std::string, FakeContainer> containers;
  std::set<std::string> images;
  std::set<int> addresses;
  std::map<std::string, Failure> failures;
  std::function<ExecResult(const std::string&, const std::vector<std::string>&)> exec;
  std::function<void()> before_status;
  std::uint64_t next_id = 1;
};

namespace {

template <class FakeSandbox>
Sandbox describe_sandbox(const std::string& id, const FakeSandbox& from) {
  return Sandbox{id, from.metadata, from.ready, from.created_at, from.labels, from.annotations};
}

template <class FakeContainer>
Container describe_container(const std::string& id, const FakeContainer& from) {
  return Container{id, from.sandbox_id, from.name, from.attempt, from.image, from.image, from.state, from.created_at, from.labels, from.annotations};
}

template <class FakeContainer>
bool matches(const ContainerFilter& filter, const std::string& id, const FakeContainer& container) {
  return (filter.id.empty() || filter.id == id) && (filter.sandbox_id.empty() || filter.sandbox_id == container.sandbox_id) &&
         (!filter.state || *filter.state == container.state) && labels_match(filter.labels, container.labels);
}

}  // namespace

FakeRuntime::FakeRuntime(Clock& clock, FakeOptions options) : state_(std::make_shared<State>(clock, std::move(options))) {}
FakeRuntime::~FakeRuntime() = default;

void FakeRuntime::fail_next(const std::string& call, int count, Error error) {
  std::lock_guard lock(state_->mutex);
  state_->failures[call] = {count, std::move(error)};
}

void FakeRuntime::delay_next_status(std::function<void()> meanwhile) {
  std::lock_guard lock(state_->mutex);
  state_->before_status = std::move(meanwhile);
}

Status FakeRuntime::end_container(const std::string& id, int exit_code, const std::string& reason) {
  Status result;
  state_->change([&](auto& events) {
    const auto found = state_->containers.find(id);
    if (found == state_->containers.end()) return void(result = state_->missing("container", id));
    state_->end(id, found->second, exit_code, reason, events);
  });
  return result;
}

void FakeRuntime::set_exec(std::function<ExecResult(const std::string&, const std::vector<std::string>&)> answer) {
  std::lock_guard lock(state_->mutex);
  state_->exec = std::move(answer);
}

Result<VersionInfo> FakeRuntime::version() { return VersionInfo{"fake", "1.0.0", "v1"}; }

Result<std::vector<RuntimeCondition>> FakeRuntime::status() {
  std::lock_guard lock(state_->mutex);
  PLUMB_TRY(state_->failure("status"));
  return std::vector<RuntimeCondition>{{"RuntimeReady", true, "", ""}, {"NetworkReady", true, "", ""}};
}

Result<std::string> FakeRuntime::run_sandbox(const SandboxConfig& config) {
  Result<std::string> result = std::string();
  state_->change([&](auto& events) {
    if (auto failed = state_->failure("run_sandbox"); !failed.ok()) return void(result = failed.error());
    State::FakeSandbox sandbox{config.metadata, config.labels, config.annotations, state_->clock.wall()};
    if (config.namespaces.network == NamespaceMode::pod && (sandbox.address = state_->take_address()) < 0)
      return void(result = fail(Code::resource_exhausted, "running sandbox " + config.metadata.name + ": no address is free on this node"));
    const std::string id = hex_id(state_->next_id++, 'a');
    state_->sandboxes.emplace(id, std::move(sandbox));
    events.push_back({Event::Kind::started, id, 0});
    result = id;
  });
  return result;
}

Status FakeRuntime::stop_sandbox(const std::string& id) {
  Status result;
  state_->change([&](auto& events) {
    result = state_->failure("stop_sandbox");
    const auto found = state_->sandboxes.find(id);
    if (!result.ok() || found == state_->sandboxes.end() || !found->second.ready) return;
    for (const auto& container_id : found->second.containers)
      if (const auto container = state_->containers.find(container_id);
          container != state_->containers.end() && container->second.state == ContainerState::running)
        state_->end(container_id, container->second, kKilled, "", events);
    found->second.ready = false;
    state_->addresses.erase(std::exchange(found->second.address, 0));
    events.push_back({Event::Kind::exited, id, 0});
  });
  return result;
}

Status FakeRuntime::remove_sandbox(const std::string& id) {
  PLUMB_TRY(stop_sandbox(id));
  Status result;
  state_->change([&](auto& events) {
    result = state_->failure("remove_sandbox");
    const auto found = state_->sandboxes.find(id);
    if (!result.ok() || found == state_->sandboxes.end()) return;
    for (const auto& container : found->second.containers) state_->remove(container, events);
    state_->sandboxes.erase(found);
    events.push_back({Event::Kind::removed, id, 0});
  });
  return result;
}

Result<SandboxStatus> FakeRuntime::sandbox_status(const std::string& id) {
  std::lock_guard lock(state_->mutex);
  const auto found = state_->sandboxes.find(id);
  if (found == state_->sandboxes.end()) return state_->missing("sandbox", id);
  SandboxStatus status{describe_sandbox(id, found->second), {}};
  if (found->second.address) status.ips.push_back(state_->address_text(found->second.address));
  return status;
}

Result<std::vector<Sandbox>> FakeRuntime::list_sandboxes(const SandboxFilter& filter) {
  std::lock_guard lock(state_->mutex);
  std::vector<Sandbox> result;
  for (const auto& [id, sandbox] : state_->sandboxes)
    if ((filter.id.empty() || filter.id == id) && (!filter.ready || *filter.ready == sandbox.ready) && labels_match(filter.labels, sandbox.labels))
      result.push_back(describe_sandbox(id, sandbox));
  return result;
}

Result<std::string> FakeRuntime::create_container(const std::string& sandbox_id, const ContainerConfig& config, const SandboxConfig&) {
  Result<std::string> result = std::string();
  state_->change([&](auto& events) {
    if (auto failed = state_->failure("create_container"); !failed.ok()) return void(result = failed.error());
    const auto sandbox = state_->sandboxes.find(sandbox_id);
    if (sandbox == state_->sandboxes.end()) return void(result = state_->missing("sandbox", sandbox_id));
    if (!state_->options.all_images_present && !state_->images.contains(with_tag(config.image)))
      return void(result = state_->missing("image", config.image));
    State::FakeContainer container{sandbox_id, config.name, config.image, config.log_path, config.attempt, config.labels, config.annotations};
    if (state_->options.behaviour) container.behaviour = state_->options.behaviour(config);
    container.created_at = state_->clock.wall();
    const std::string id = hex_id(state_->next_id++, 'c');
    state_->containers.emplace(id, std::move(container));
    sandbox->second.containers.push_back(id);
    events.push_back({Event::Kind::created, id, 0});
    result = id;
  });
  return result;
}

Status FakeRuntime::start_container(const std::string& id) {
  Status result;
  state_->change([&](auto& events) {
    result = state_->failure("start_container");
    const auto found = state_->containers.find(id);
    if (!result.ok()) return;
    if (found == state_->containers.end()) return void(result = state_->missing("container", id));
    auto& container = found->second;
    if (container.state != ContainerState::created || container.timer)
      return void(result = fail(Code::conflict, "starting container " + id + ": it was started before"));
    if (!container.behaviour.start_error.empty()) {
      result = fail(Code::internal, container.behaviour.start_error);
      return state_->end(id, container, 128, "StartError", events);
    }
    if (container.behaviour.start_delay <= Duration::zero()) return state_->run_now(id, events);
    container.timer = state_->clock.after(container.behaviour.start_delay, [weak = state_->weak_from_this(), id] {
      if (const auto self = weak.lock()) self->change([&](auto& later) { self->run_now(id, later); });
    });
  });
  return result;
}

Status FakeRuntime::stop_container(const std::string& id, Duration grace) {
  Status result;
  state_->change([&](auto& events) {
    result = state_->failure("stop_container");
    const auto found = state_->containers.find(id);
    if (!result.ok() || found == state_->containers.end() || found->second.state == ContainerState::exited) return;
    const auto& behaviour = found->second.behaviour;
    const bool obeys = behaviour.stop_delay <= grace && grace > Duration::zero();
    const Duration delay = obeys ? behaviour.stop_delay : grace;
    if (delay <= Duration::zero()) return state_->end(id, found->second, obeys ? kTerminated : kKilled, "", events);
    state_->end_at(delay, id, obeys ? kTerminated : kKilled);
  });
  return result;
}

Status FakeRuntime::remove_container(const std::string& id) {
  Status result;
  state_->change([&](auto& events) {
    result = state_->failure("remove_container");
    const auto found = state_->containers.find(id);
    if (!result.ok() || found == state_->containers.end()) return;
    if (const auto sandbox = state_->sandboxes.find(found->second.sandbox_id); sandbox != state_->sandboxes.end())
      std::erase(sandbox->second.containers, id);
    state_->remove(id, events);
  });
  return result;
}

Result<ContainerStatus> FakeRuntime::container_status(const std::string& id) {
  std::unique_lock lock(state_->mutex);
  const auto found = state_->containers.find(id);
  if (found == state_->containers.end()) return state_->missing("container", id);
  const auto& from = found->second;
  ContainerStatus status{describe_container(id, from)};
  status.started_at = from.started_at;
  status.finished_at = from.finished_at;
  status.exit_code = from.exit_code;
  status.reason = from.reason;
  status.log_path = from.log_path;
  const auto meanwhile = std::exchange(state_->before_status, nullptr);
  lock.unlock();
  if (meanwhile) meanwhile();
  return status;
}

Result<std::vector<Container>> FakeRuntime::list_containers(const ContainerFilter& filter) {
  std::lock_guard lock(state_->mutex);
  std::vector<Container> result;
  for (const auto& [id, container] : state_->containers)
    if (matches(filter, id, container)) result.push_back(describe_container(id, container));
  return result;
}

Status FakeRuntime::update_container_resources(const std::string& id, const Resources&) {
  std::lock_guard lock(state_->mutex);
  if (!state_->containers.contains(id)) return state_->missing("container", id);
  return {};
}

Status FakeRuntime::reopen_container_log(const std::string& id) {
  std::lock_guard lock(state_->mutex);
  if (!state_->containers.contains(id)) return state_->missing("container", id);
  return {};
}

Result<ExecResult> FakeRuntime::exec_sync(const std::string& id, const std::vector<std::string>& command, Duration) {
  std::unique_lock lock(state_->mutex);
  PLUMB_TRY(state_->failure("exec_sync"));
  const auto found = state_->containers.find(id);
  if (found == state_->containers.end()) return state_->missing("container", id);
  if (found->second.state != ContainerState::running) return fail(Code::conflict, "exec in container " + id + ": it is not running");
  const auto answer = state_->exec;
  lock.unlock();
  return answer ? answer(id, command) : ExecResult{};
}

Result<std::string> FakeRuntime::exec_url(const std::string&, const std::vector<std::string>&, const StreamOptions&) {
  return fail(Code::unsupported, "exec: simulated containers have no streams");
}
Result<std::string> FakeRuntime::attach_url(const std::string&, const StreamOptions&) {
  return fail(Code::unsupported, "attach: simulated containers have no streams");
}
Result<std::string> FakeRuntime::port_forward_url(const std::string&, const std::vector<int>&) {
  return fail(Code::unsupported, "port-forward: simulated pods have no ports");
}

Result<ContainerStats> FakeRuntime::container_stats(const std::string& id) {
  auto all = PLUMB_TRY(list_container_stats({.id = id}));
  if (all.empty()) return state_->missing("container", id);
  return std::move(all[0]);
}

Result<std::vector<ContainerStats>> FakeRuntime::list_container_stats(const ContainerFilter& filter) {
  std::lock_guard lock(state_->mutex);
  std::vector<ContainerStats> result;
  for (const auto& [id, container] : state_->containers)
    if (matches(filter, id, container)) result.push_back({id, container.name, container.labels, state_->clock.wall()});
  return result;
}

Result<std::vector<Image>> FakeRuntime::list_images() {
  std::lock_guard lock(state_->mutex);
  std::vector<Image> result;
  for (const auto& image : state_->images) result.push_back({image, {image}, {}, 1 << 20});
  return result;
}

Result<std::optional<Image>> FakeRuntime::image_status(const std::string& image) {
  std::lock_guard lock(state_->mutex);
  const auto name = with_tag(image);
  if (!state_->options.all_images_present && !state_->images.contains(name)) return std::optional<Image>();
  return std::optional(Image{name, {name}, {}, 1 << 20});
}

Result<std::string> FakeRuntime::pull_image(const std::string& image, const RegistryAuth&) {
  std::lock_guard lock(state_->mutex);
  PLUMB_TRY(state_->failure("pull_image"));
  return *state_->images.insert(with_tag(image)).first;
}

Status FakeRuntime::remove_image(const std::string& image) {
  std::lock_guard lock(state_->mutex);
  state_->images.erase(with_tag(image));
  return {};
}

Result<std::vector<FilesystemUsage>> FakeRuntime::image_filesystems() {
  std::lock_guard lock(state_->mutex);
  return std::vector<FilesystemUsage>{{"/", state_->images.size() << 20, state_->images.size()}};
}

std::unique_ptr<Subscription> FakeRuntime::subscribe(std::function<void(const Event&)> callback) {
  struct Held final : Subscription {
    Held(std::shared_ptr<State> given_state, int given_key) : state(std::move(given_state)), key(given_key) {}
    ~Held() override {
      std::lock_guard order(state->event_mutex);
      state->callbacks.erase(key);
    }
    std::shared_ptr<State> state;
    int key;
  };
  std::lock_guard order(state_->event_mutex);
  const int key = state_->next_callback++;
  callback({Event::Kind::resync, "", 0});
  state_->callbacks.emplace(key, std::move(callback));
  return std::make_unique<Held>(state_, key);
}

}  // namespace plumb::cri
