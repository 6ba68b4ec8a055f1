#include "schedule/builder.h"

#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "base/error.h"

namespace slipway::schedule {
namespace {

struct Outcome {
  Task task;
  seams::Resolution resolution = seams::Resolution::Done;
  std::exception_ptr failure;
};

/// Threads for tasks, one each, and the queue of what they bring back. Threads are cheap beside any step.
class Crew {
 public:
  explicit Crew(seams::Runner& runner) : runner_(runner) {}

  void start(const Task& task) {
    const size_t id = next_id_++;
    threads_.emplace(id, std::jthread([this, id, task] { work(id, task); }));
  }

  Outcome wait() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return !finished_.empty(); });
    auto [id, outcome] = std::move(finished_.front());
    finished_.pop_front();
    lock.unlock();
    threads_.erase(id);  // joins
    return std::move(outcome);
  }

  bool is_idle() const { return threads_.empty(); }
  size_t size() const { return threads_.size(); }

 private:
  void work(size_t id, const Task& task) {
    Outcome outcome{task, {}, {}};
    try {
      if (task.kind == Task::Kind::Resolve) outcome.resolution = runner_.resolve(task.step);
      else runner_.execute(task.step);
    } catch (...) {
      outcome.failure = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    finished_.emplace_back(id, std::move(outcome));
    ready_.notify_one();
  }

  seams::Runner& runner_;
  size_t next_id_ = 0;
  std::map<size_t, std::jthread> threads_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::pair<size_t, Outcome>> finished_;
};

bool is_cancellation(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Cancelled&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

void run(Plan plan, seams::Runner& runner, const Limits& limits, std::stop_source& cancel) {
  Crew crew(runner);
  unsigned heavy = 0;
  std::exception_ptr failure;
  const auto counts_as_heavy = [&](const Task& task) {
    return task.kind == Task::Kind::Execute && plan.is_heavy(task.step);
  };
  while (!plan.is_done() || !crew.is_idle()) {
    const bool stopping = failure || cancel.stop_requested();
    while (!stopping && !plan.is_done() && crew.size() < limits.heavy + limits.light) {
      const auto task = plan.next(heavy < limits.heavy);
      if (!task) break;
      heavy += counts_as_heavy(*task);
      crew.start(*task);
    }
    if (crew.is_idle()) {
      if (stopping) break;
      CHECK(!"the plan is stuck: nothing runs and nothing can start");
    }
    const Outcome outcome = crew.wait();
    heavy -= counts_as_heavy(outcome.task);
    if (outcome.failure) {
      // What was cancelled because of the first failure says nothing of its own.
      if (!failure || (is_cancellation(failure) && !is_cancellation(outcome.failure))) failure = outcome.failure;
      cancel.request_stop();
    } else if (outcome.task.kind == Task::Kind::Resolve) {
      plan.resolved(outcome.task.step, outcome.resolution);
    } else {
      plan.executed(outcome.task.step);
    }
  }
  if (failure) std::rethrow_exception(failure);
  if (cancel.stop_requested()) throw Cancelled();
}

}  // namespace slipway::schedule
