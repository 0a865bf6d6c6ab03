// What every runtime must do, as tests: include it once in a test program and instantiate RuntimeContract with a RuntimeUnderTest.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "reference/cri/runtime.h"

namespace plumb::cri {

struct RuntimeUnderTest {
  std::string skip_reason;  // when it cannot be had here
  std::shared_ptr<Runtime> runtime;
  std::string image;                 // with the test image's commands
  std::string log_directory;
  std::function<void(Duration)> let_pass;  // time
};

using RuntimeFactory = std::function<RuntimeUnderTest()>;

class RuntimeContract : public ::testing::TestWithParam<RuntimeFactory> {
 protected:
  using Kind = Event::Kind;

  void SetUp() override {
    under_test_ = GetParam()();
    if (!under_test_.skip_reason.empty()) GTEST_SKIP() << under_test_.skip_reason;
    subscription_ = runtime().subscribe([this](const Event& event) {
      std::lock_guard lock(mutex_);
      events_.push_back(event);
    });
  }
  void TearDown() override {
    subscription_.reset();
    for (const auto& id : sandboxes_) {
      const auto removed = runtime().remove_sandbox(id);
      EXPECT_TRUE(removed.ok()) << removed.error().message;
    }
  }

  Runtime& runtime() { return *under_test_.runtime; }
  SandboxConfig sandbox_config(const std::string& name) {
    SandboxConfig config;
    config.metadata = {name, "uid-" + name, "contract", 0};
    config.hostname = name;
    config.log_directory = under_test_.log_directory + "/" + name;
    config.labels = {{"suite", "contract"}, {"pod", name}};
    return config;
  }
  std::string run_sandbox(const std::string& name) {
    const auto id = runtime().run_sandbox(sandbox_config(name));
    EXPECT_TRUE(id.ok()) << id.error().message;
    if (!id.ok()) return "";
    sandboxes_.push_back(*id);
    return *id;
  }
  std::string create(const std::string& sandbox, const std::string& pod, const std::string& name, std::vector<std::string> args) {
    ContainerConfig config;
    config.name = name;
    config.image = under_test_.image;
    config.args = std::move(args);
    config.labels = {{"container", name}};
    config.log_path = name + ".log";
    const auto id = runtime().create_container(sandbox, config, sandbox_config(pod));
    EXPECT_TRUE(id.ok()) << id.error().message;
    return id.ok() ? *id : "";
  }
  std::string start(const std::string& sandbox, const std::string& pod, const std::string& name, std::vector<std::string> args) {
    const auto id = create(sandbox, pod, name, std::move(args));
    const auto started = runtime().start_container(id);
    EXPECT_TRUE(started.ok()) << started.error().message;
    return id;
  }
  bool eventually(const std::function<bool()>& holds) {
    for (int n = 0; n < 1000; n++) {
      if (holds()) return true;
      under_test_.let_pass(std::chrono::milliseconds(10));
    }
    return false;
  }
  bool sees(Kind kind, const std::string& id) {
    return eventually([&] {
      std::lock_guard lock(mutex_);
      return std::any_of(events_.begin(), events_.end(), [&](const Event& event) { return event.kind == kind && event.id == id; });
    });
  }
  ContainerState state_of(const std::string& id) {
    const auto status = runtime().container_status(id);
    return status.ok() ? status->state : ContainerState::unknown;
  }

  RuntimeUnderTest under_test_;
  std::unique_ptr<Subscription> subscription_;
  std::vector<std::string> sandboxes_;
  std::mutex mutex_;
  std::vector<Event> events_;
};

TEST_P(RuntimeContract, SaysWhoItIsAndThatItIsReady) {
  const auto version = runtime().version();
  ASSERT_TRUE(version.ok()) << version.error().message;
  EXPECT_FALSE(version->runtime_name.empty());
  EXPECT_EQ(version->api_version, "v1");
  EXPECT_TRUE(eventually([&] {
    const auto status = runtime().status();
    return status.ok() && status->size() >= 2 && std::all_of(status->begin(), status->end(), [](const auto& item) { return item.status; });
  }));
}

TEST_P(RuntimeContract, ASandboxHasAnAddressUntilItStops) {
  const auto id = run_sandbox("sandbox");
  const auto status = runtime().sandbox_status(id);
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_TRUE(status->ready);
  EXPECT_EQ(status->ips.size(), 1u);
  EXPECT_EQ(status->metadata, sandbox_config("sandbox").metadata);
  EXPECT_EQ(status->labels.at("pod"), "sandbox");
  EXPECT_TRUE(sees(Kind::started, id));
  EXPECT_EQ(runtime().list_sandboxes({.labels = {{"pod", "sandbox"}}})->size(), 1u);
  EXPECT_EQ(runtime().list_sandboxes({.labels = {{"pod", "other"}}})->size(), 0u);
  ASSERT_TRUE(runtime().stop_sandbox(id).ok());
  EXPECT_TRUE(runtime().stop_sandbox(id).ok());
  EXPECT_FALSE(runtime().sandbox_status(id)->ready);
  EXPECT_TRUE(sees(Kind::exited, id));
  EXPECT_TRUE(runtime().remove_sandbox(id).ok());
  EXPECT_TRUE(runtime().remove_sandbox(id).ok());
  EXPECT_EQ(runtime().sandbox_status(id).error().code, Code::not_found);
}

TEST_P(RuntimeContract, AContainerGoesFromCreatedToRunningToExited) {
  const auto sandbox = run_sandbox("life");
  const auto id = create(sandbox, "life", "main", {"serve"});
  EXPECT_EQ(state_of(id), ContainerState::created);
  ASSERT_TRUE(runtime().start_container(id).ok());
  EXPECT_TRUE(sees(Kind::started, id));
  EXPECT_EQ(state_of(id), ContainerState::running);
  EXPECT_FALSE(runtime().start_container(id).ok());
  ASSERT_TRUE(runtime().stop_container(id, std::chrono::seconds(5)).ok());
  EXPECT_TRUE(sees(Kind::exited, id));
  EXPECT_TRUE(eventually([&] { return state_of(id) == ContainerState::exited; }));
  const auto status = runtime().container_status(id);
  ASSERT_TRUE(status.ok());
  EXPECT_TRUE(status->started_at && status->finished_at && *status->started_at <= *status->finished_at);
  EXPECT_TRUE(runtime().stop_container(id, std::chrono::seconds(1)).ok());
  EXPECT_TRUE(runtime().remove_container(id).ok());
  EXPECT_TRUE(runtime().remove_container(id).ok());
  EXPECT_EQ(runtime().container_status(id).error().code, Code::not_found);
}

TEST_P(RuntimeContract, TheExitCodeIsTheProcess) {
  const auto sandbox = run_sandbox("exit");
  const auto good = start(sandbox, "exit", "good", {"exit", "0"}), bad = start(sandbox, "exit", "bad", {"exit", "3"});
  EXPECT_TRUE(sees(Kind::exited, good));
  EXPECT_TRUE(sees(Kind::exited, bad));
  EXPECT_TRUE(eventually([&] { return state_of(good) == ContainerState::exited && state_of(bad) == ContainerState::exited; }));
  EXPECT_EQ(runtime().container_status(good)->reason, "Completed");
  EXPECT_EQ(runtime().container_status(bad)->exit_code, 3);
  EXPECT_EQ(runtime().container_status(bad)->reason, "Error");
}

TEST_P(RuntimeContract, WhoDoesNotFollowSigtermIsKilledAfterTheGrace) {
  const auto sandbox = run_sandbox("deaf");
  const auto id = start(sandbox, "deaf", "main", {"sleep", "1000", "--ignore-term"});
  EXPECT_TRUE(sees(Kind::started, id));
  ASSERT_TRUE(runtime().stop_container(id, std::chrono::seconds(1)).ok());
  EXPECT_TRUE(sees(Kind::exited, id));
  EXPECT_EQ(runtime().container_status(id)->exit_code, 137);
}

TEST_P(RuntimeContract, ListsAreFiltered) {
  const auto one = run_sandbox("one"), two = run_sandbox("two");
  const auto a = start(one, "one", "a", {"serve"}), b = create(two, "two", "b", {"serve"});
  EXPECT_EQ(runtime().list_containers({.sandbox_id = one})->at(0).id, a);
  EXPECT_EQ(runtime().list_containers({.labels = {{"container", "b"}}})->at(0).id, b);
  EXPECT_TRUE(eventually([&] {
    const auto running = runtime().list_containers({.state = ContainerState::running});
    return running.ok() && running->size() == 1 && running->at(0).id == a;
  }));
  EXPECT_EQ(runtime().list_containers({.id = a})->at(0).sandbox_id, one);
}

TEST_P(RuntimeContract, RemovingASandboxRemovesItsContainers) {
  const auto sandbox = run_sandbox("whole");
  const auto id = start(sandbox, "whole", "main", {"serve"});
  ASSERT_TRUE(runtime().remove_sandbox(sandbox).ok());
  EXPECT_EQ(runtime().container_status(id).error().code, Code::not_found);
  EXPECT_TRUE(runtime().list_containers({.sandbox_id = sandbox})->empty());
}

TEST_P(RuntimeContract, UnknownIdsAreNotFoundAndGoneIsGone) {
  EXPECT_EQ(runtime().container_status("none").error().code, Code::not_found);
  EXPECT_EQ(runtime().sandbox_status("none").error().code, Code::not_found);
  EXPECT_EQ(runtime().start_container("none").error().code, Code::not_found);
  EXPECT_EQ(runtime().exec_sync("none", {"x"}, std::chrono::seconds(1)).error().code, Code::not_found);
  EXPECT_TRUE(runtime().stop_container("none", std::chrono::seconds(1)).ok());
  EXPECT_TRUE(runtime().remove_container("none").ok());
  EXPECT_TRUE(runtime().stop_sandbox("none").ok());
  EXPECT_TRUE(runtime().remove_sandbox("none").ok());
}

TEST_P(RuntimeContract, ImagesThatAreThereAreFound) {
  const auto image = runtime().image_status(under_test_.image);
  ASSERT_TRUE(image.ok()) << image.error().message;
  EXPECT_TRUE(image->has_value());
}

}  // namespace plumb::cri
