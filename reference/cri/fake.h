// A runtime in memory, for simulated nodes with very many pods and for tests. Nothing runs; a container's life follows its behaviour,
// timed by the clock that is passed in. It never blocks: where a real runtime takes time, the state changes later, with its event.
#pragma once

#include <memory>

#include "reference/cri/runtime.h"

namespace plumb::cri {

// How a container of the fake lives.
struct FakeBehaviour {
  Duration start_delay{};             // created until then
  std::optional<Duration> runs_for;   // for ever when not given
  int exit_code = 0;                  // after runs_for
  Duration stop_delay{};              // how long it takes to follow SIGTERM; beyond the grace it is killed (137)
  std::string start_error;            // start_container fails with it
};

struct FakeOptions {
  std::string pod_ip_prefix = "10.0.0.";  // of the addresses it hands out; .2 to .254, used again when free
  // Behaviour by image and command of a container; the default runs for ever.
  std::function<FakeBehaviour(const ContainerConfig&)> behaviour;
  bool all_images_present = true;         // else images must be pulled
};

class FakeRuntime final : public Runtime {
 public:
  FakeRuntime(Clock& clock, FakeOptions options = {});
  ~FakeRuntime() override;

  // The next `count` calls of that name ("run_sandbox", "create_container", "pull_image", ...) fail with `error`.
  void fail_next(const std::string& call, int count, Error error);
  // The next container_status has its answer, but `meanwhile` runs before the caller gets it.
  void delay_next_status(std::function<void()> meanwhile);
  // The container ends now, as if by itself.
  Status end_container(const std::string& id, int exit_code, const std::string& reason = {});
  // What exec_sync answers from now on, for every command.
  void set_exec(std::function<ExecResult(const std::string& id, const std::vector<std::string>& command)> answer);

  Result<VersionInfo> version() override;
  Result<std::vector<RuntimeCondition>> status() override;
  Result<std::string> run_sandbox(const SandboxConfig& config) override;
  Status stop_sandbox(const std::string& id) override;
  Status remove_sandbox(const std::string& id) override;
  Result<SandboxStatus> sandbox_status(const std::string& id) override;
  Result<std::vector<Sandbox>> list_sandboxes(const SandboxFilter& filter) override;
  Result<std::string> create_container(const std::string& sandbox_id, const ContainerConfig& config, const SandboxConfig& sandbox) override;
  Status start_container(const std::string& id) override;
  Status stop_container(const std::string& id, Duration grace) override;
  Status remove_container(const std::string& id) override;
  Result<ContainerStatus> container_status(const std::string& id) override;
  Result<std::vector<Container>> list_containers(const ContainerFilter& filter) override;
  Status update_container_resources(const std::string& id, const Resources& resources) override;
  Status reopen_container_log(const std::string& id) override;
  Result<ExecResult> exec_sync(const std::string& id, const std::vector<std::string>& command, Duration limit) override;
  Result<std::string> exec_url(const std::string& id, const std::vector<std::string>& command, const StreamOptions& options) override;
  Result<std::string> attach_url(const std::string& id, const StreamOptions& options) override;
  Result<std::string> port_forward_url(const std::string& sandbox_id, const std::vector<int>& ports) override;
  Result<ContainerStats> container_stats(const std::string& id) override;
  Result<std::vector<ContainerStats>> list_container_stats(const ContainerFilter& filter) override;
  Result<std::vector<Image>> list_images() override;
  Result<std::optional<Image>> image_status(const std::string& image) override;
  Result<std::string> pull_image(const std::string& image, const RegistryAuth& auth) override;
  Status remove_image(const std::string& image) override;
  Result<std::vector<FilesystemUsage>> image_filesystems() override;
  std::unique_ptr<Subscription> subscribe(std::function<void(const Event&)> callback) override;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with timers that outlive the runtime
};

}  // namespace plumb::cri
