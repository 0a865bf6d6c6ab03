// The APIs of metrics behind the API server: simulated nodes and their usage, and a real Prometheus.
#include <fstream>

#include "harness/net/client.h"
#include "reference/api/doc/document.h"
#include "reference/api/text/quantity.h"
#include "reference/api/types/apiregistrationv1.h"
#include "reference/api/types/discoveryv1.h"
#include "reference/cluster/control_plane/testing.h"
#include "reference/metrics/metrics_server.h"

namespace plumb::cluster::testing {
namespace {

using namespace std::chrono_literals;
using apiregistrationv1::APIService;

class MetricsApis : public Cluster {
 protected:
  void run_hollow_nodes() {
    run("hollow", {"hollow", "--kubeconfig", kubeconfig(hollow_identity()), "--nodes", "2", "--tls-cert-file", layout_.pki("hollow-nodes.crt"), "--tls-private-key-file",
                   layout_.pki("hollow-nodes.key"), "--client-ca-file", layout_.pki("ca.crt")});
  }
  void make_pod(const std::string& cpu) {
    auto pod = std::make_shared<corev1::Pod>();
    pod->metadata.namespace_ = "default";
    pod->metadata.name = "web";
    pod->metadata.labels.set("app", "web");
    pod->metadata.annotations.set("plumbline.io/cpu-usage", api::Str(cpu));
    pod->metadata.annotations.set("plumbline.io/memory-usage", "64Mi");
    pod->spec.nodeName = "hollow-node-1";
    auto& container = pod->spec.containers.emplace_back();
    container.name = "main";
    container.image = "example.org/image:1";
    auto account = std::make_shared<corev1::ServiceAccount>();
    account->metadata.namespace_ = "default";
    account->metadata.name = "default";
    (void)admin().create<corev1::ServiceAccount>(account);
    const auto made = admin().create<corev1::Pod>(pod);
    ASSERT_TRUE(made.ok()) << made.error().message;
  }
  // null where it is not answered.
  api::Doc read(const std::string& path) {
    const auto answer = admin().get_raw(path);
    if (!answer.ok()) return last_ = answer.error().message, api::Doc();
    last_ = *answer;
    const auto doc = api::parse_json(*answer);
    return doc.ok() ? *doc : api::Doc();
  }
  static std::int64_t milli(const api::Doc& quantity) {
    const auto value = api::Quantity::parse(quantity.as_string());
    return value.ok() ? value->milli_value() : -1;
  }
  std::string last_;
};

TEST_F(MetricsApis, WhatPodsAndNodesUse) {
  run_apiserver();
  run_hollow_nodes();
  make_pod("500m");
  const std::string own = kubeconfig(component_identity("metrics-server"));
  const Connection connection = *connect(own, "metrics-server");
  informer::InformerFactory informers(*connection.client, real_clock());
  metrics_api::MetricsServerOptions options;
  options.scraper.resolution = 1s;
  options.scraper.kubelet = connection.identity;
  options.bind_address = "127.0.0.1";
  options.client_ca_pem = connection.ca_pem;
  auto started = metrics_api::MetricsServer::start(std::move(options), *connection.client, informers, real_clock());
  ASSERT_TRUE(started.ok()) << started.error().message;
  informers.start();
  const std::string base = "/apis/metrics.k8s.io/v1beta1", web = base + "/namespaces/default/pods/web";
  const auto cpu_is_near = [&](std::int64_t wanted) {
    return eventually([&] {
      const api::Doc doc = read(web);
      const api::Doc* cpu = doc.at_pointer("/containers/0/usage/cpu");
      return cpu && std::abs(milli(*cpu) - wanted) <= wanted / 10;
    });
  };
  EXPECT_TRUE(cpu_is_near(500)) << last_;
  const api::Doc pod = read(web);
  EXPECT_EQ(pod["kind"].as_string(), "PodMetrics");
  EXPECT_EQ(pod["metadata"]["labels"]["app"].as_string(), "web");
  EXPECT_EQ(pod.at_pointer("/containers/0/usage/memory")->as_string(), "64Mi");
  EXPECT_EQ(read(base + "/pods?labelSelector=app%3Dweb")["items"].size(), 1u) << last_;
  EXPECT_EQ(read(base + "/pods?labelSelector=app%3Dother")["items"].size(), 0u) << last_;
  EXPECT_EQ(read(base + "/namespaces/default/pods?fieldSelector=metadata.name%3Dother")["items"].size(), 0u) << last_;
  EXPECT_TRUE(eventually([&] { return read(base + "/nodes")["items"].size() == 2; })) << last_;
  EXPECT_EQ(read(base + "/nodes/hollow-node-1")["metadata"]["name"].as_string(), "hollow-node-1") << last_;
  const auto missing = admin().get_raw(base + "/namespaces/default/pods/other");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().message, "podmetrics.metrics.k8s.io \"default/other\" not found");
  // A change of load shows at the next reading.
  const auto annotated = admin().patch<corev1::Pod>("default", "web", informer::PatchType::merge, R"({"metadata":{"annotations":{"plumbline.io/cpu-usage":"2"}}})");
  ASSERT_TRUE(annotated.ok()) << annotated.error().message;
  EXPECT_TRUE(cpu_is_near(2000)) << last_;
  // The kubelet is asked by the API server, too.
  EXPECT_TRUE(admin().get_raw("/api/v1/nodes/hollow-node-1/proxy/metrics/resource").ok());
  // Who may not read pods' metrics is refused before anything is passed on.
  const auto refused = connection.client->get_raw(base + "/nodes");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, "Forbidden") << refused.error().message;
  // One that the cluster brings itself stays.
  const auto service = admin().get<APIService>("", "v1beta1.metrics.k8s.io");
  ASSERT_TRUE(service.ok());
  EXPECT_EQ((*service)->status.conditions[0].reason, "Passed") << (*service)->status.conditions[0].message.view();
}

TEST_F(MetricsApis, CustomAndExternalMetricsFromPrometheus) {
  if (!std::filesystem::exists("/usr/bin/prometheus")) GTEST_SKIP() << "needs the Debian package prometheus";
  run_apiserver();
  run_hollow_nodes();
  make_pod("1");
  const std::string address = "127.0.0.1:" + std::to_string(*free_port());
  std::ofstream(layout_.dir + "/prometheus.yml") << "scrape_configs: [{job_name: self, scrape_interval: 1s, static_configs: [{targets: ['" + address +
                                                        "'], labels: {namespace: default, pod: web}}]}]\n";
  ProcessSpec spec;
  spec.args = {"/usr/bin/prometheus", "--config.file=" + layout_.dir + "/prometheus.yml", "--storage.tsdb.path=" + layout_.dir + "/tsdb", "--web.listen-address=" + address};
  spec.err = Stdio::file(layout_.dir + "/prometheus.log");
  auto prometheus = Child::spawn(spec);
  ASSERT_TRUE(prometheus.ok());
  std::ofstream(layout_.dir + "/adapter.yaml") << R"(
rules:
- seriesQuery: 'prometheus_http_requests_total{namespace!="",pod!=""}'
  resources: {overrides: {namespace: {resource: namespace}, pod: {resource: pod}}}
  name: {matches: "^prometheus_(.*)_total$", as: "${1}"}
  metricsQuery: 'sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)'
externalRules:
- seriesQuery: 'up{job="self"}'
  resources: {overrides: {namespace: {resource: namespace}}}
  metricsQuery: 'sum(<<.Series>>{<<.LabelMatchers>>}) by (job)'
)";
  net::ClientOptions probing;
  probing.endpoint = *net::parse_endpoint(address);
  const auto http = *net::HttpClient::create(probing);
  ASSERT_TRUE(eventually([&] {
    const auto series = http->send({.target = "/api/v1/query?query=prometheus_http_requests_total"});
    return series.ok() && series->body.find("\"pod\":\"web\"") != std::string::npos;
  }));
  run("adapter", {"metrics-adapter", "--kubeconfig", kubeconfig(admin_identity()), "--prometheus-url", "http://" + address, "--config", layout_.dir + "/adapter.yaml", "--bind-address",
                  "127.0.0.1", "--secure-port", "0", "--metrics-relist-interval", "1s"});
  const auto value = [&](const std::string& path) {
    const api::Doc doc = read(path);
    return doc["items"].size() == 1 ? doc["items"].items()[0] : api::Doc();
  };
  const std::string custom = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default";
  EXPECT_TRUE(eventually([&] { return !value(custom + "/pods/web/http_requests").is_null(); })) << last_;
  const api::Doc named = value(custom + "/pods/web/http_requests");
  EXPECT_EQ(named["describedObject"]["kind"].as_string(), "Pod") << last_;
  EXPECT_EQ(named["describedObject"]["name"].as_string(), "web");
  EXPECT_EQ(named["metric"]["name"].as_string(), "http_requests");
  EXPECT_GT(milli(named["value"]), 0);
  EXPECT_EQ(value(custom + "/pods/*/http_requests?labelSelector=app%3Dweb")["describedObject"]["name"].as_string(), "web") << last_;
  EXPECT_EQ(read(custom + "/pods/*/http_requests?labelSelector=app%3Dother")["items"].size(), 0u) << last_;
  EXPECT_EQ(value(custom + "/metrics/http_requests")["describedObject"]["kind"].as_string(), "Namespace") << last_;
  EXPECT_EQ(value("/apis/custom.metrics.k8s.io/v1beta1/namespaces/default/pods/web/http_requests")["metricName"].as_string(), "http_requests") << last_;
  const auto missing = admin().get_raw(custom + "/pods/web/nothing");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().message, "the server could not find the metric nothing for pods");
  const std::string external = "/apis/external.metrics.k8s.io/v1beta1/namespaces/";
  EXPECT_TRUE(eventually([&] { return value(external + "default/up?labelSelector=job%3Dself")["value"].as_string() == "1"; })) << last_;
  EXPECT_EQ(value(external + "default/up")["metricLabels"]["job"].as_string(), "self") << last_;
  EXPECT_EQ(read(external + "elsewhere/up")["items"].size(), 0u) << last_;
}

}  // namespace
}  // namespace plumb::cluster::testing
