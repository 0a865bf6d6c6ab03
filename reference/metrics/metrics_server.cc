#include "reference/metrics/metrics_server.h"

#include <algorithm>

#include "harness/base/log.h"
#include "harness/base/worker_pool.h"
#include "reference/api/text/field_selector.h"
#include "reference/api/text/label_selector.h"
#include "reference/metrics/api_host.h"
#include "reference/metrics/registration.h"
#include "reference/metrics/resource_documents.h"

namespace plumb::metrics_api {
namespace {

constexpr char service_name[] = "metrics-server";
constexpr Duration registration_interval = std::chrono::minutes(1);

struct Wanted {
  api::LabelSelector labels;
  api::FieldSelector fields;

  bool matches(const api::Object& object) const {
    const auto label = [&](std::string_view key) -> std::optional<std::string_view> {
      const api::Str* found = object.metadata.labels.find(key);
      return found ? std::optional(found->view()) : std::nullopt;
    };
    const auto field = [&](std::string_view name) -> std::string_view {
      if (name == "metadata.name") return object.metadata.name.view();
      return name == "metadata.namespace" ? object.metadata.namespace_.view() : std::string_view();
    };
    return labels.matches(label) && (fields.everything() || fields.matches(field));
  }
};

Result<Wanted> wanted_by(const apiserver::Query& query) {
  Wanted wanted;
  wanted.labels = PLUMB_TRY(api::LabelSelector::parse(query.get("labelSelector")));
  wanted.fields = PLUMB_TRY(api::FieldSelector::parse(query.get("fieldSelector")));
  return wanted;
}

}  // namespace

struct MetricsServer::Core {
  Core(MetricsServerOptions options, informer::Client& client, informer::InformerFactory& informers, Clock& clock)
      : options(std::move(options)), client(client), clock(clock), nodes(informers.informer<corev1::Node>().lister<corev1::Node>()), samples(this->options.scraper.resolution),
        scraper(this->options.scraper, informers.informer<corev1::Node>(), samples, clock) {
    informer::Informer& pod_informer = informers.informer<corev1::Pod>();
    pod_informer.add_index(informer::index::by_namespace, informer::index::namespace_of);
    pods = pod_informer.lister<corev1::Pod>();
  }
  ~Core() {
    {
      std::lock_guard lock(mutex);
      stopped = true;
      clock.cancel(timer);
    }
    worker.stop();
    host.reset();
  }

  const MetricsServerOptions options;
  informer::Client& client;
  Clock& clock;
  const informer::Lister<corev1::Node> nodes;
  informer::Lister<corev1::Pod> pods;
  Samples samples;
  Scraper scraper;
  std::unique_ptr<ApiHost> host;
  std::mutex mutex;
  bool stopped = false;     // under mutex
  Clock::TimerId timer = 0;  // under mutex
  WorkerPool worker{1, 2};  // registers, and waits for the API server

  Status serve() {
    ApiHostOptions hosting;
    hosting.name = service_name;
    hosting.bind_address = options.bind_address;
    hosting.port = options.port;
    hosting.service = service_name;
    hosting.client_ca_pem = options.client_ca_pem;
    hosting.served = {{kResourceGroup, kResourceVersion, served_resources}};
    hosting.ready = [this] { return scraper.has_scraped(); };
    host = PLUMB_TRY(ApiHost::start(std::move(hosting), client, clock, [this](const ApiRequest& request, const Respond& respond) { respond(answer(request)); }));
    return {};
  }

  void keep_registered() {
    worker.try_post([this] {
      Registration wanted;
      wanted.service = service_name;
      wanted.address = options.advertise_address;
      wanted.port = host->port();
      wanted.ca_pem = host->ca_pem();
      wanted.versions = {{kResourceGroup, kResourceVersion}};
      if (const Status done = register_api(client, wanted); !done.ok()) log::warning(service_name, done.error().message);
    });
    std::lock_guard lock(mutex);
    if (!stopped) timer = clock.after(registration_interval, [this] { keep_registered(); });
  }

  std::optional<ResourceUse> use_of(const informer::ObjectPtr& object) const {
    if (object->type().name == "Pod") {
      auto use = samples.pod({object->metadata.namespace_.str(), object->metadata.name.str()});
      if (!use) return std::nullopt;
      return ResourceUse{object, std::move(*use)};
    }
    const auto measured = samples.node(object->metadata.name.str());
    if (!measured) return std::nullopt;
    return ResourceUse{object, {{"", *measured}}};
  }

  ApiAnswer answer(const ApiRequest& request) const {
    const auto& info = request.info;
    const bool of_pods = info.resource == "pods";
    if ((!of_pods && info.resource != "nodes") || !info.subresource.empty()) return refuse(404, "NotFound", "the server could not find the requested resource");
    if (!info.name.empty()) return one(request, of_pods);
    const auto wanted = wanted_by(request.query);
    if (!wanted.ok()) return refuse(400, "BadRequest", wanted.error().message);
    std::vector<ResourceUse> uses;
    const auto add = [&](const informer::ObjectPtr& object) {
      if (!wanted->matches(*object)) return;
      if (auto use = use_of(object)) uses.push_back(std::move(*use));
    };
    if (!of_pods)
      for (const auto& node : nodes.list()) add(node);
    else if (info.namespace_.empty())
      for (const auto& pod : pods.list()) add(pod);
    else
      for (const auto& pod : pods.by_index(informer::index::by_namespace, info.namespace_)) add(pod);
    std::sort(uses.begin(), uses.end(), [](const ResourceUse& a, const ResourceUse& b) {
      const auto &left = a.object->metadata, &right = b.object->metadata;
      return left.namespace_ == right.namespace_ ? left.name < right.name : left.namespace_ < right.namespace_;
    });
    return {200, request.table ? resource_table(uses, clock.wall()) : resource_list(of_pods ? "PodMetricsList" : "NodeMetricsList", uses, clock.wall())};
  }

  ApiAnswer one(const ApiRequest& request, bool of_pods) const {
    const auto& info = request.info;
    const informer::ObjectPtr object = of_pods ? informer::ObjectPtr(pods.get(info.namespace_, info.name)) : informer::ObjectPtr(nodes.get(info.name));
    const auto use = object ? use_of(object) : std::nullopt;
    if (!use) return of_pods ? not_found("podmetrics.metrics.k8s.io", info.namespace_ + "/" + info.name) : not_found("nodemetrics.metrics.k8s.io", info.name);
    return {200, request.table ? resource_table({*use}, clock.wall()) : resource_doc(*use, clock.wall())};
  }
};

MetricsServer::MetricsServer(std::unique_ptr<Core> core) : core_(std::move(core)) {}
MetricsServer::~MetricsServer() = default;
std::uint16_t MetricsServer::port() const { return core_->host->port(); }

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(MetricsServerOptions options, informer::Client& client, informer::InformerFactory& informers, Clock& clock) {
  auto core = std::make_unique<Core>(std::move(options), client, informers, clock);
  PLUMB_TRY(core->serve());
  core->scraper.start();
  core->keep_registered();
  return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(core)));
}

}  // namespace plumb::metrics_api
