#include "reference/metrics/adapter.h"

#include <algorithm>
#include <charconv>
#include <mutex>

#include "harness/base/encoding.h"
#include "harness/base/log.h"
#include "harness/base/worker_pool.h"
#include "harness/net/client.h"
#include "reference/api/text/time.h"
#include "reference/metrics/api_host.h"
#include "reference/metrics/registration.h"

namespace plumb::metrics_api {
namespace {

using namespace std::chrono_literals;
using api::Doc;
using resources::Resource;

constexpr char service_name[] = "plumbline-metrics-adapter", custom_group[] = "custom.metrics.k8s.io", external_group[] = "external.metrics.k8s.io";
constexpr Duration series_age = 5min, query_timeout = 20s;
constexpr std::size_t workers = 4, waiting_requests = 256, most_objects = 5'000, longest_answer = 64 << 20;

struct Metric {
  const AdapterRule* rule = nullptr;
  std::string series;
};

// Which metrics there are, as of the last look at Prometheus.
struct Catalog {
  std::map<std::pair<const Resource*, std::string>, Metric> custom;
  std::map<std::string, Metric> external;
};

struct Value {
  SeriesLabels labels;
  WallTime at;
  std::string quantity;
};

std::string api_version(const Resource& resource) {
  return resource.group().empty() ? std::string(resource.version()) : std::string(resource.group()) + "/" + std::string(resource.version());
}

SeriesLabels labels_of(const Doc& doc) {
  SeriesLabels labels;
  for (const auto& member : doc.members()) labels.emplace(std::string(member.name()), std::string(member.value.as_string()));
  return labels;
}

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

Doc value_list(const char* kind, const std::string& version, std::vector<Doc> items) {
  return Doc::object({{"kind", kind}, {"apiVersion", version}, {"metadata", Doc::object()}, {"items", Doc::array(std::move(items))}});
}

ApiAnswer of_error(const Error& error) {
  if (error.code == Code::invalid_argument) return refuse(400, "BadRequest", error.message);
  return error.http_status == 403 ? refuse(403, "Forbidden", error.message) : refuse(500, "InternalError", error.message);
}

}  // namespace

struct Adapter::Core : std::enable_shared_from_this<Core> {
  Core(AdapterOptions options, informer::Client& client, Clock& clock) : options(std::move(options)), client(client), clock(clock) {}

  const AdapterOptions options;
  informer::Client& client;
  Clock& clock;
  std::string base;  // path below which Prometheus answers
  std::shared_ptr<net::HttpClient> http;
  std::unique_ptr<ApiHost> host;
  std::mutex mutex;
  std::shared_ptr<const Catalog> catalog = std::make_shared<const Catalog>();  // under mutex
  bool stopped = false;                                                        // under mutex
  Clock::TimerId timer = 0;                                                    // under mutex
  WorkerPool pool{workers, waiting_requests};  // waits for Prometheus and the API server

  Status connect() {
    const net::Url url = PLUMB_TRY(net::parse_url(options.prometheus_url));
    net::ClientOptions connecting;
    connecting.endpoint = url.endpoint;
    if (url.tls) connecting.tls = net::TlsClientOptions{};
    connecting.max_response_bytes = longest_answer;
    http = PLUMB_TRY(net::HttpClient::create(std::move(connecting)));
    base = url.target == "/" ? "" : url.target;
    while (base.ends_with('/')) base.pop_back();
    return {};
  }

  Result<Doc> ask(const std::string& path_and_query) {
    net::ClientRequest request;
    request.target = base + path_and_query;
    request.timeout = query_timeout;
    auto response = http->send(std::move(request));
    if (!response.ok()) return std::move(response).error().in("asking Prometheus at " + options.prometheus_url);
    const Doc doc = PLUMB_TRY(api::parse_json(response->body, {.max_bytes = longest_answer, .max_depth = 64}));
    if (doc["status"].as_string() != "success")
      return fail(Code::internal, "Prometheus at " + options.prometheus_url + " answers " + std::to_string(response->status) + ": " + std::string(doc["error"].as_string()));
    return doc["data"];
  }

  std::vector<SeriesLabels> series_of(const AdapterRule& rule) {
    const auto start = std::chrono::duration_cast<std::chrono::seconds>((clock.wall() - series_age).time_since_epoch()).count();
    const auto data = ask("/api/v1/series?match%5B%5D=" + url_encode(rule.series_query) + "&start=" + std::to_string(start));
    if (!data.ok()) {
      log::warning("metrics-adapter", data.error().message);
      return {};
    }
    std::vector<SeriesLabels> found;
    for (const Doc& each : data->items()) {
      SeriesLabels labels = labels_of(each);
      if (const auto name = labels.find("__name__"); name != labels.end() && rule.takes(name->second)) found.push_back(std::move(labels));
    }
    return found;
  }

  void relist() {
    auto made = std::make_shared<Catalog>();
    for (const AdapterRule& rule : options.config.rules)
      for (const SeriesLabels& labels : series_of(rule)) {
        const std::string& series = labels.at("__name__");
        if (const auto name = rule.metric_name(series))
          for (const Resource* resource : rule.resources_of(labels)) made->custom.insert_or_assign({resource, *name}, Metric{&rule, series});
      }
    for (const AdapterRule& rule : options.config.external_rules)
      for (const SeriesLabels& labels : series_of(rule))
        if (const auto name = rule.metric_name(labels.at("__name__"))) made->external.insert_or_assign(*name, Metric{&rule, labels.at("__name__")});
    std::lock_guard lock(mutex);
    catalog = std::move(made);
  }
  void keep_current() {
    pool.try_post([this] {
      relist();
      register_self();
    });
    std::lock_guard lock(mutex);
    if (!stopped) timer = clock.after(options.relist_interval, [this] { keep_current(); });
  }
  void register_self() {
    Registration wanted;
    wanted.service = service_name;
    wanted.address = options.advertise_address;
    wanted.port = host->port();
    wanted.ca_pem = host->ca_pem();
    if (!options.config.rules.empty()) wanted.versions = {{custom_group, "v1beta2", 100, 200}, {custom_group, "v1beta1", 100, 100}};
    if (!options.config.external_rules.empty()) wanted.versions.push_back({external_group, "v1beta1", 100, 100});
    if (const Status done = register_api(client, wanted); !done.ok()) log::warning("metrics-adapter", done.error().message);
  }
  std::shared_ptr<const Catalog> now() {
    std::lock_guard lock(mutex);
    return catalog;
  }

  // The values of a vector; others of what Prometheus may answer are an error.
  Result<std::vector<Value>> query(const std::string& text) {
    const Doc data = PLUMB_TRY(ask("/api/v1/query?query=" + url_encode(text)));
    if (data["resultType"].as_string() != "vector") return fail(Code::internal, "the query \"" + text + "\" gives no vector but a " + std::string(data["resultType"].as_string()));
    std::vector<Value> values;
    for (const Doc& each : data["result"].items()) {
      if (each["value"].size() != 2) continue;
      const auto value = number(each["value"].items()[1].as_string());
      const auto quantity = value ? milli_quantity(*value) : std::nullopt;
      if (!quantity) continue;
      const auto at = WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(each["value"].items()[0].as_double() * 1000)));
      values.push_back({labels_of(each["metric"]), at, *quantity});
    }
    return values;
  }

  Result<std::vector<std::string>> names_of(const Resource& resource, const std::string& namespace_, std::string_view label_selector) {
    informer::ListOptions wanted;
    wanted.namespace_ = namespace_;
    wanted.label_selector = label_selector;
    wanted.resource_version = "0";
    const auto list = PLUMB_TRY(client.list(resource, wanted));
    std::vector<std::string> names;
    for (const auto& item : list.items)
      if (names.size() < most_objects) names.push_back(item->metadata.name.str());
    return names;
  }

  ApiAnswer custom(const ApiRequest& request) {
    const auto& info = request.info;
    // namespaces/NS/metrics/METRIC is about the namespace itself.
    const bool of_namespace = info.resource == "metrics" && !info.namespace_.empty();
    const Resource* resource = find_resource(of_namespace ? "namespaces" : info.resource);
    const std::string metric = of_namespace ? info.name : info.subresource;
    const std::string name = of_namespace ? info.namespace_ : info.name;
    const auto known = now();
    const auto found = resource ? known->custom.find({resource, metric}) : known->custom.end();
    if (found == known->custom.end()) return refuse(404, "NotFound", "the server could not find the metric " + metric + " for " + info.resource);
    const auto answered = custom_values(*resource, found->second, of_namespace ? "" : info.namespace_, name, request);
    if (!answered.ok()) return of_error(answered.error());
    std::vector<Doc> items;
    for (const Value& value : *answered) items.push_back(custom_item(*resource, found->second, metric, of_namespace ? "" : info.namespace_, value, info.version));
    if (items.empty() && name != "*") return refuse(404, "NotFound", "the server could not find the metric " + metric + " for " + info.resource + " " + name);
    return {200, value_list("MetricValueList", std::string(custom_group) + "/" + info.version, std::move(items))};
  }

  Result<std::vector<Value>> custom_values(const Resource& resource, const Metric& metric, const std::string& namespace_, const std::string& name, const ApiRequest& request) {
    const AdapterRule& rule = *metric.rule;
    const std::string label = rule.label_of(resource);
    std::vector<std::string> names{name};
    if (name == "*") names = PLUMB_TRY(names_of(resource, namespace_, request.query.get("labelSelector")));
    if (names.empty()) return std::vector<Value>();
    std::vector<std::string> matchers{PLUMB_TRY(matchers_of(request.query.get("metricLabelSelector"))), matcher(label, names)};
    if (!namespace_.empty()) {
      const std::string home = rule.label_of(*find_resource("namespaces"));
      if (!home.empty()) matchers.push_back(matcher(home, {namespace_}));
    }
    return query(rule.query(metric.series, joined(matchers), label));
  }

  static Doc custom_item(const Resource& resource, const Metric& metric, const std::string& name, const std::string& namespace_, const Value& value, const std::string& version) {
    const auto named = value.labels.find(metric.rule->label_of(resource));
    Doc object = Doc::object({{"kind", Doc(resource.type().name)}, {"apiVersion", api_version(resource)}, {"name", named == value.labels.end() ? std::string() : named->second}});
    if (!namespace_.empty()) object = object.with("namespace", namespace_);
    Doc item = Doc::object({{"describedObject", object}, {"timestamp", api::format_time(value.at)}, {"value", value.quantity}});
    return version == "v1beta1" ? item.with("metricName", name) : item.with("metric", Doc::object({{"name", name}}));
  }

  ApiAnswer external(const ApiRequest& request) {
    const auto& info = request.info;
    const auto known = now();
    const auto found = known->external.find(info.resource);
    if (found == known->external.end() || !info.name.empty()) return refuse(404, "NotFound", "the server could not find the external metric " + info.resource);
    const auto selected = matchers_of(request.query.get("labelSelector"));
    if (!selected.ok()) return of_error(selected.error());
    const AdapterRule& rule = *found->second.rule;
    std::vector<std::string> matchers{*selected};
    const std::string home = rule.label_of(*find_resource("namespaces"));
    if (rule.namespaced && !home.empty() && !info.namespace_.empty()) matchers.push_back(matcher(home, {info.namespace_}));
    const auto values = query(rule.query(found->second.series, joined(matchers), home));
    if (!values.ok()) return of_error(values.error());
    std::vector<Doc> items;
    for (const Value& value : *values) {
      std::vector<std::pair<std::string, Doc>> labels;
      for (const auto& [key, text] : value.labels) labels.emplace_back(key, text);
      items.push_back(Doc::object({{"metricName", info.resource}, {"metricLabels", Doc::object(std::move(labels))}, {"timestamp", api::format_time(value.at)}, {"value", value.quantity}}));
    }
    return {200, value_list("ExternalMetricValueList", std::string(external_group) + "/" + info.version, std::move(items))};
  }

  Doc custom_resources() {
    std::vector<Doc> items;
    for (const auto& [key, metric] : now()->custom) {
      std::string name = key.first->group_resource() + "/" + key.second;
      items.push_back(Doc::object({{"name", name}, {"singularName", ""}, {"namespaced", key.first->names().namespaced}, {"kind", "MetricValueList"}, {"verbs", Doc::array({"get"})}}));
    }
    return Doc::array(std::move(items));
  }
  Doc external_resources() {
    std::vector<Doc> items;
    for (const auto& [name, metric] : now()->external)
      items.push_back(Doc::object({{"name", name}, {"singularName", ""}, {"namespaced", true}, {"kind", "ExternalMetricValueList"}, {"verbs", Doc::array({"get"})}}));
    return Doc::array(std::move(items));
  }

  Status serve() {
    ApiHostOptions hosting;
    hosting.name = "adapter";
    hosting.bind_address = options.bind_address;
    hosting.port = options.port;
    hosting.service = service_name;
    hosting.client_ca_pem = options.client_ca_pem;
    const auto custom_list = [this] { return custom_resources(); };
    hosting.served = {{custom_group, "v1beta2", custom_list}, {custom_group, "v1beta1", custom_list}, {external_group, "v1beta1", [this] { return external_resources(); }}};
    host = PLUMB_TRY(ApiHost::start(std::move(hosting), client, clock, [this](const ApiRequest& request, const Respond& respond) {
      const bool taken = pool.try_post([this, request, respond] { respond(request.info.group == custom_group ? custom(request) : external(request)); });
      if (!taken) respond(refuse(429, "TooManyRequests", "too many requests are waiting for Prometheus, please try again later"));
    }));
    return {};
  }
  void stop() {
    {
      std::lock_guard lock(mutex);
      stopped = true;
      clock.cancel(timer);
    }
    pool.stop();
    host.reset();
  }
};

Result<std::unique_ptr<Adapter>> Adapter::start(AdapterOptions options, informer::Client& client, Clock& clock) {
  auto core = std::make_shared<Core>(std::move(options), client, clock);
  PLUMB_TRY(core->connect());
  core->relist();
  PLUMB_TRY(core->serve());
  core->keep_current();
  return std::unique_ptr<Adapter>(new Adapter(std::move(core)));
}
Adapter::~Adapter() { core_->stop(); }
std::uint16_t Adapter::port() const { return core_->host->port(); }

}  // namespace plumb::metrics_api
