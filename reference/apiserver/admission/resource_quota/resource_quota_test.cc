#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "reference/api/types/corev1.h"
#include "reference/apiserver/test_support.h"

namespace plumb::apiserver::test {
namespace {

using corev1::ResourceQuota;
using Texts = api::Map<api::QuantityText>;

Texts texts(std::initializer_list<std::pair<const char*, const char*>> pairs) {
  Texts made;
  for (const auto& [name, amount] : pairs) made.set(name, amount);
  return made;
}

class Quotas : public RegistryTest {
 protected:
  const AdmissionChain* admission() const override { return &chain_; }
  void SetUp() override {
    RegistryTest::SetUp();
    auto home = std::make_shared<corev1::Namespace>();
    home->metadata.name = "default";
    ASSERT_TRUE(create(home, "").ok());
  }
  // As the controller leaves it.
  void quota(const std::string& name, Texts hard, Texts used, std::function<void(corev1::ResourceQuotaSpec&)> edit = {}) {
    auto made = std::make_shared<ResourceQuota>();
    made->metadata.name = name;
    made->spec.hard = hard;
    if (edit) edit(made->spec);
    const auto stored = create(made);
    ASSERT_TRUE(stored.ok()) << stored.status().message.str();
    set_status(name, hard, used);
  }
  void set_status(const std::string& name, Texts hard, Texts used) {
    const auto written = change<ResourceQuota>(name, "status", [&](ResourceQuota& next) {
      next.status.hard = hard;
      next.status.used = used;
    });
    ASSERT_TRUE(written.ok()) << written.status().message.str();
  }
  std::string used(const std::string& quota, std::string_view name) {
    return registry_->get<ResourceQuota>("default", quota)->status.used.get(name).text.str();
  }
  static std::shared_ptr<corev1::Pod> pod(const std::string& name, Texts requests = {}, Texts limits = {}) {
    auto made = std::make_shared<corev1::Pod>();
    made->metadata.name = name;
    corev1::Container& container = made->spec.containers.emplace_back();
    container.name = "main";
    container.image = "i";
    container.resources.requests = std::move(requests);
    container.resources.limits = std::move(limits);
    return made;
  }
  static std::shared_ptr<corev1::ConfigMap> config_map(const std::string& name) {
    auto made = std::make_shared<corev1::ConfigMap>();
    made->metadata.name = name;
    return made;
  }
  void expect_forbidden(const ApiResult<CachedPtr>& result, std::string_view message) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code, 403);
    EXPECT_EQ(result.status().reason, "Forbidden");
    EXPECT_EQ(result.status().message, message);
  }

 private:
  AdmissionChain chain_{{"ServiceAccount"}};
};

TEST_F(Quotas, WhatIsMadeIsChargedAtTheSameRevision) {
  quota("q", texts({{"count/configmaps", "2"}, {"configmaps", "2"}, {"secrets", "1"}}), texts({{"count/configmaps", "0"}, {"configmaps", "0"}, {"secrets", "0"}}));
  const auto made = create(config_map("a"));
  ASSERT_TRUE(made.ok()) << made.status().message.str();
  EXPECT_EQ(used("q", "configmaps"), "1");
  EXPECT_EQ(used("q", "count/configmaps"), "1");
  EXPECT_EQ(used("q", "secrets"), "0");
  EXPECT_EQ(registry_->get<ResourceQuota>("default", "q")->metadata.resourceVersion, (**made)->metadata.resourceVersion);
  ASSERT_TRUE(create(config_map("b")).ok());
  expect_forbidden(create(config_map("c")),
                   "configmaps \"c\" is forbidden: exceeded quota: q, requested: configmaps=1,count/configmaps=1, used: configmaps=2,count/configmaps=2, "
                   "limited: configmaps=2,count/configmaps=2");
}

TEST_F(Quotas, ARequestThatFailsKeepsNothing) {
  quota("q", texts({{"configmaps", "3"}}), texts({{"configmaps", "0"}}));
  ASSERT_TRUE(create(config_map("a")).ok());
  EXPECT_EQ(create(config_map("a")).status().code, 409);
  EXPECT_EQ(used("q", "configmaps"), "1");
  context_.dry_run = true;
  EXPECT_TRUE(create(config_map("b")).ok());
  context_.dry_run = false;
  EXPECT_EQ(used("q", "configmaps"), "1");
}

TEST_F(Quotas, AllQuotasHaveToAllowIt) {
  quota("one", texts({{"pods", "5"}}), texts({{"pods", "0"}}));
  quota("two", texts({{"requests.cpu", "1"}}), texts({{"requests.cpu", "600m"}}));
  ASSERT_TRUE(create(pod("a", texts({{"cpu", "300m"}}))).ok());
  EXPECT_EQ(used("one", "pods"), "1");
  EXPECT_EQ(used("two", "requests.cpu"), "900m");
  expect_forbidden(create(pod("b", texts({{"cpu", "200m"}}))),
                   "pods \"b\" is forbidden: exceeded quota: two, requested: requests.cpu=200m, used: requests.cpu=900m, limited: requests.cpu=1");
  EXPECT_EQ(used("one", "pods"), "1");
}

TEST_F(Quotas, PodsSayWhatIsLimited) {
  quota("q", texts({{"limits.memory", "1Gi"}}), texts({{"limits.memory", "0"}}));
  expect_forbidden(create(pod("a")), "pods \"a\" is forbidden: failed quota: q: must specify limits.memory for: main");
}

TEST_F(Quotas, AQuotaThatWasNotCountedYetRefuses) {
  quota("q", texts({{"pods", "5"}, {"cpu", "5"}}), texts({{"pods", "0"}}));
  expect_forbidden(create(pod("a", texts({{"cpu", "1"}}))), "pods \"a\" is forbidden: status unknown for quota: q, resources: cpu,pods");
  ASSERT_TRUE(create(config_map("a")).ok());
}

TEST_F(Quotas, ScopesDecideWhichQuotaIsCharged) {
  const auto scoped = [](const char* scope) { return [scope](corev1::ResourceQuotaSpec& spec) { spec.scopes.push_back(scope); }; };
  quota("best", texts({{"pods", "1"}}), texts({{"pods", "0"}}), scoped("BestEffort"));
  quota("other", texts({{"pods", "1"}}), texts({{"pods", "0"}}), scoped("NotBestEffort"));
  quota("high", texts({{"pods", "1"}}), texts({{"pods", "0"}}), [](corev1::ResourceQuotaSpec& spec) {
    auto& requirement = spec.scopeSelector.ensure().matchExpressions.emplace_back();
    requirement.scopeName = "PriorityClass";
    requirement.operator_ = "In";
    requirement.values.push_back("high");
  });
  ASSERT_TRUE(create(pod("a")).ok());
  EXPECT_EQ(used("best", "pods") + used("other", "pods") + used("high", "pods"), "100");
  ASSERT_TRUE(create(pod("b", texts({{"cpu", "1"}}))).ok());
  EXPECT_EQ(used("best", "pods") + used("other", "pods") + used("high", "pods"), "110");
  EXPECT_EQ(create(pod("c")).status().code, 403);
}

TEST_F(Quotas, AnUpdateIsChargedForWhatIsMore) {
  quota("q", texts({{"services.nodeports", "3"}, {"services.loadbalancers", "0"}}), texts({{"services.nodeports", "1"}, {"services.loadbalancers", "0"}}));
  auto service = std::make_shared<corev1::Service>();
  service->metadata.name = "s";
  for (const int port : {1, 2}) {
    auto& made = service->spec.ports.emplace_back();
    made.name = "p" + std::to_string(port);
    made.port = port;
    made.targetPort = port;
  }
  ASSERT_TRUE(create(service).ok());
  EXPECT_EQ(used("q", "services.nodeports"), "1");
  const auto typed = [&](const char* type) { return change<corev1::Service>("s", "", [&](corev1::Service& next) { next.spec.type = type; }); };
  ASSERT_TRUE(typed("NodePort").ok());
  EXPECT_EQ(used("q", "services.nodeports"), "3");
  ASSERT_TRUE(typed("ClusterIP").ok());
  EXPECT_EQ(used("q", "services.nodeports"), "3");
  expect_forbidden(typed("LoadBalancer"),
                   "services \"s\" is forbidden: exceeded quota: q, requested: services.loadbalancers=1,services.nodeports=2, used: services.loadbalancers=0,services.nodeports=3, "
                   "limited: services.loadbalancers=0,services.nodeports=3");
}

TEST_F(Quotas, ManyAtOnceGetWhatThereIsAndNoMore) {
  quota("one", texts({{"pods", "20"}}), texts({{"pods", "3"}}));
  quota("two", texts({{"count/pods", "100"}}), texts({{"count/pods", "0"}}));
  std::atomic<int> made{0}, forbidden{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        auto wanted = pod("");
        wanted->metadata.generateName = "p" + std::to_string(t) + "-";
        const auto result = create(wanted);
        made += result.ok();
        forbidden += !result.ok() && result.status().code == 403;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 17);
  EXPECT_EQ(forbidden, 23);
  EXPECT_EQ(used("one", "pods"), "20");
  EXPECT_EQ(used("two", "count/pods"), "17");
}

TEST_F(Quotas, AQuotaThatComesAndGoesFailsNobody) {
  std::atomic<bool> over{false};
  std::atomic<int> made{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 40; ++i) made += create(pod("p" + std::to_string(t) + "-" + std::to_string(i))).ok();
      over = true;
    });
  while (!over) {
    quota("q", texts({{"pods", "1000"}}), texts({{"pods", "0"}}));
    const auto removed = remove(ResourceQuota::info(), "default", "q");
    EXPECT_TRUE(removed.ok()) << removed.status().message.str();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 80);
}

}  // namespace
}  // namespace plumb::apiserver::test
