#include "reference/cri/containerd.h"

#include <map>
#include <mutex>

#include "harness/net/grpc.h"
#include "reference/cri/convert.h"

namespace plumb::cri {
namespace {

using net::grpc::Channel;
using namespace std::chrono_literals;

constexpr Duration kReconnect = 500ms;
constexpr char kRuntime[] = "/runtime.v1.RuntimeService/";
constexpr char kImages[] = "/runtime.v1.ImageService/";
constexpr char kEvents[] = "/containerd.services.events.v1.Events/Subscribe";

// containerd answers with errors of its own under grpc's code UNKNOWN; what matters to callers is only whether the thing is gone.
Error classify(Error error) {
  if (error.code != Code::not_found && error.message.find("not found") != std::string::npos && error.reason == "UNKNOWN") error.code = Code::not_found;
  return error;
}

std::int64_t whole_seconds(Duration time) { return std::chrono::ceil<std::chrono::seconds>(time).count(); }

// The stream of events, opened again whenever it ends. Shared by its callbacks; close() ends it.
class EventStream : public std::enable_shared_from_this<EventStream> {
 public:
  EventStream(std::shared_ptr<Channel> channel, Clock& clock, std::function<void(const Event&)> callback)
      : channel_(std::move(channel)), clock_(clock), callback_(std::move(callback)) {}

  void open() {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    timer_ = 0;
    wire::SubscribeRequest request;
    request.add_filters("namespace==k8s.io");
    const auto self = shared_from_this();
    call_ = channel_->server_stream(kEvents, request.SerializeAsString(), {.wait_for_ready = true},
                                    {[self](std::string message) { self->receive(message); }, [self](const Status&) { self->ended(); }});
  }
  // No callback runs after it.
  void close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    auto call = std::move(call_);
    const auto timer = timer_;
    lock.unlock();
    if (timer) clock_.cancel(timer);
    if (call) call.cancel();
    std::lock_guard wait_for_running(callback_mutex_);
    callback_ = nullptr;
  }
  void tell(const Event& event) {
    std::lock_guard lock(callback_mutex_);
    if (callback_) callback_(event);
  }

 private:
  void receive(const std::string& message) {
    wire::Envelope envelope;
    if (!envelope.ParseFromString(message)) return;
    if (const auto event = from_wire(envelope)) tell(*event);
  }
  void ended() {
    tell({Event::Kind::resync, "", 0});
    std::lock_guard lock(mutex_);
    if (closed_) return;
    timer_ = clock_.after(kReconnect, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->open();
      if (const auto self = weak.lock()) self->tell({Event::Kind::resync, "", 0});
    });
  }

  const std::shared_ptr<Channel> channel_;
  Clock& clock_;
  std::mutex callback_mutex_;
  std::function<void(const Event&)> callback_;  // under callback_mutex_
  std::mutex mutex_;
  net::grpc::StreamCall call_;  // this and the rest under mutex_
  Clock::TimerId timer_ = 0;
  bool closed_ = false;
};

class EventSubscription final : public Subscription {
 public:
  explicit EventSubscription(std::shared_ptr<EventStream> stream) : stream_(std::move(stream)) {}
  ~EventSubscription() override { stream_->close(); }

 private:
  std::shared_ptr<EventStream> stream_;
};

class Containerd final : public Runtime {
 public:
  Containerd(std::shared_ptr<Channel> channel, ContainerdOptions options) : channel_(std::move(channel)), options_(std::move(options)) {}

  Result<VersionInfo> version() override {
    const auto answer = PLUMB_TRY(call<wire::VersionResponse>("Version", wire::Empty()));
    return VersionInfo{answer.runtime_name(), answer.runtime_version(), answer.runtime_api_version()};
  }
  Result<std::vector<RuntimeCondition>> status() override {
    const auto answer = PLUMB_TRY(call<wire::StatusResponse>("Status", wire::Empty()));
    std::vector<RuntimeCondition> result;
    for (const auto& item : answer.status().conditions()) result.push_back({item.type(), item.status(), item.reason(), item.message()});
    return result;
  }

  Result<std::string> run_sandbox(const SandboxConfig& config) override {
    wire::RunSandboxRequest request;
    to_wire(config, *request.mutable_config());
    return PLUMB_TRY(call<wire::IdRequest>("RunPodSandbox", request)).id();
  }
  Status stop_sandbox(const std::string& id) override { return unless_gone(call<wire::Empty>("StopPodSandbox", by_id(id))); }
  Status remove_sandbox(const std::string& id) override {
    PLUMB_TRY(stop_sandbox(id));
    return unless_gone(call<wire::Empty>("RemovePodSandbox", by_id(id)));
  }
  Result<SandboxStatus> sandbox_status(const std::string& id) override {
    return from_wire(PLUMB_TRY(call<wire::SandboxStatusResponse>("PodSandboxStatus", by_id(id))).status());
  }
  Result<std::vector<Sandbox>> list_sandboxes(const SandboxFilter& filter) override {
    wire::ListSandboxRequest request;
    to_wire(filter, *request.mutable_filter());
    return list<Sandbox>(PLUMB_TRY(call<wire::ListSandboxResponse>("ListPodSandbox", request)).items());
  }

  Result<std::string> create_container(const std::string& sandbox_id, const ContainerConfig& config, const SandboxConfig& sandbox) override {
    wire::CreateContainerRequest request;
    request.set_pod_sandbox_id(sandbox_id);
    to_wire(config, *request.mutable_config());
    to_wire(sandbox, *request.mutable_sandbox_config());
    return PLUMB_TRY(call<wire::IdRequest>("CreateContainer", request)).id();
  }
  Status start_container(const std::string& id) override { return done(call<wire::Empty>("StartContainer", by_id(id))); }
  Status stop_container(const std::string& id, Duration grace) override {
    wire::StopContainerRequest request;
    request.set_container_id(id);
    request.set_timeout(whole_seconds(grace));
    return unless_gone(call<wire::Empty>("StopContainer", request, grace + options_.call_limit));
  }
  Status remove_container(const std::string& id) override { return unless_gone(call<wire::Empty>("RemoveContainer", by_id(id))); }
  Result<ContainerStatus> container_status(const std::string& id) override {
    return from_wire(PLUMB_TRY(call<wire::ContainerStatusResponse>("ContainerStatus", by_id(id))).status());
  }
  Result<std::vector<Container>> list_containers(const ContainerFilter& filter) override {
    wire::ListContainersRequest request;
    to_wire(filter, *request.mutable_filter());
    return list<Container>(PLUMB_TRY(call<wire::ListContainersResponse>("ListContainers", request)).containers());
  }
  Status update_container_resources(const std::string& id, const Resources& resources) override {
    wire::UpdateResourcesRequest request;
    request.set_container_id(id);
    to_wire(resources, *request.mutable_linux());
    return done(call<wire::Empty>("UpdateContainerResources", request));
  }
  Status reopen_container_log(const std::string& id) override { return done(call<wire::Empty>("ReopenContainerLog", by_id(id))); }

  Result<ExecResult> exec_sync(const std::string& id, const std::vector<std::string>& command, Duration limit) override {
    wire::ExecSyncRequest request;
    request.set_container_id(id);
    for (const auto& word : command) request.add_cmd(word);
    request.set_timeout(whole_seconds(limit));
    auto answer = PLUMB_TRY(call<wire::ExecSyncResponse>("ExecSync", request, limit + 10s));
    return ExecResult{std::move(*answer.mutable_stdout()), std::move(*answer.mutable_stderr()), answer.exit_code()};
  }
  Result<std::string> exec_url(const std::string& id, const std::vector<std::string>& command, const StreamOptions& options) override {
    wire::ExecRequest request;
    for (const auto& word : command) request.add_cmd(word);
    return url("Exec", with_streams(request, id, options));
  }
  Result<std::string> attach_url(const std::string& id, const StreamOptions& options) override {
    wire::AttachRequest request;
    return url("Attach", with_streams(request, id, options));
  }
  Result<std::string> port_forward_url(const std::string& sandbox_id, const std::vector<int>& ports) override {
    wire::PortForwardRequest request;
    request.set_pod_sandbox_id(sandbox_id);
    for (const int port : ports) request.add_port(port);
    return url("PortForward", request);
  }

  Result<ContainerStats> container_stats(const std::string& id) override {
    return from_wire(PLUMB_TRY(call<wire::ContainerStatsResponse>("ContainerStats", by_id(id))).stats());
  }
  Result<std::vector<ContainerStats>> list_container_stats(const ContainerFilter& filter) override {
    wire::ListStatsRequest request;
    request.mutable_filter()->set_id(filter.id);
    request.mutable_filter()->set_pod_sandbox_id(filter.sandbox_id);
    for (const auto& [key, value] : filter.labels) (*request.mutable_filter()->mutable_label_selector())[key] = value;
    return list<ContainerStats>(PLUMB_TRY(call<wire::ListStatsResponse>("ListContainerStats", request)).stats());
  }

  Result<std::vector<Image>> list_images() override {
    return list<Image>(PLUMB_TRY(call_image<wire::ListImagesResponse>("ListImages", wire::Empty())).images());
  }
  Result<std::optional<Image>> image_status(const std::string& image) override {
    const auto answer = PLUMB_TRY(call_image<wire::ImageStatusResponse>("ImageStatus", image_request(image)));
    return answer.has_image() ? std::optional(from_wire(answer.image())) : std::nullopt;
  }
  Result<std::string> pull_image(const std::string& image, const RegistryAuth& auth) override {
    wire::PullImageRequest request;
    request.mutable_image()->set_image(image);
    to_wire(auth, *request.mutable_auth());
    return PLUMB_TRY(call_image<wire::IdRequest>("PullImage", request, Duration::zero())).id();
  }
  Status remove_image(const std::string& image) override { return unless_gone(call_image<wire::Empty>("RemoveImage", image_request(image))); }
  Result<std::vector<FilesystemUsage>> image_filesystems() override {
    const auto answer = PLUMB_TRY(call_image<wire::ImageFsInfoResponse>("ImageFsInfo", wire::Empty()));
    std::vector<FilesystemUsage> result;
    for (const auto& item : answer.image_filesystems())
      result.push_back({item.fs_id().mountpoint(), item.used_bytes().value(), item.inodes_used().value()});
    return result;
  }

  std::unique_ptr<Subscription> subscribe(std::function<void(const Event&)> callback) override {
    const auto stream = std::make_shared<EventStream>(channel_, *options_.clock, std::move(callback));
    stream->open();
    stream->tell({Event::Kind::resync, "", 0});
    return std::make_unique<EventSubscription>(stream);
  }

 private:
  static wire::IdRequest by_id(const std::string& id) {
    wire::IdRequest request;
    request.set_id(id);
    return request;
  }
  static wire::ImageRequest image_request(const std::string& image) {
    wire::ImageRequest request;
    request.mutable_image()->set_image(image);
    return request;
  }
  template <class Request>
  static const Request& with_streams(Request& request, const std::string& id, const StreamOptions& options) {
    request.set_container_id(id);
    request.set_tty(options.tty);
    request.set_stdin(options.in);
    request.set_stdout(options.out);
    request.set_stderr(options.err && !options.tty);
    return request;
  }
  template <class Item, class From>
  static std::vector<Item> list(const From& from) {
    std::vector<Item> result;
    result.reserve(from.size());
    for (const auto& item : from) result.push_back(from_wire(item));
    return result;
  }
  template <class Answer>
  static Status done(const Result<Answer>& answer) {
    return answer.ok() ? Status() : Status(answer.error());
  }
  template <class Answer>
  static Status unless_gone(const Result<Answer>& answer) {
    return answer.ok() || answer.error().code == Code::not_found ? Status() : Status(answer.error());
  }

  template <class Answer, class Request>
  Result<Answer> call(const char* method, const Request& request, std::optional<Duration> limit = {}) {
    return invoke<Answer>(kRuntime, method, request, limit.value_or(options_.call_limit));
  }
  template <class Answer, class Request>
  Result<Answer> call_image(const char* method, const Request& request, std::optional<Duration> limit = {}) {
    return invoke<Answer>(kImages, method, request, limit.value_or(options_.call_limit));
  }
  template <class Answer, class Request>
  Result<Answer> invoke(const char* service, const char* method, const Request& request, Duration limit) {
    const Instant began = options_.clock->now();
    auto bytes = channel_->unary(std::string(service) + method, request.SerializeAsString(), {.timeout = limit, .wait_for_ready = limit > Duration::zero()});
    options_.call_ended(method, options_.clock->now() - began, bytes.ok());
    if (!bytes.ok()) return classify(std::move(bytes).error());
    Answer answer;
    if (!answer.ParseFromString(*bytes)) return fail(Code::internal, std::string(method) + ": containerd's answer cannot be read");
    return answer;
  }
  template <class Request>
  Result<std::string> url(const char* method, const Request& request) {
    return PLUMB_TRY(call<wire::UrlResponse>(method, request)).url();
  }

  const std::shared_ptr<Channel> channel_;
  const ContainerdOptions options_;
};

}  // namespace

Result<std::unique_ptr<Runtime>> connect_containerd(ContainerdOptions options) {
  net::grpc::ChannelOptions channel_options;
  channel_options.endpoint = net::Endpoint{"localhost", 0, options.socket};
  auto channel = PLUMB_TRY(Channel::create(std::move(channel_options)));
  return std::unique_ptr<Runtime>(std::make_unique<Containerd>(std::move(channel), std::move(options)));
}

}  // namespace plumb::cri
