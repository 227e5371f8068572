// Programs of other people that use the same queues: BullMQ, its dashboard, and
// RSMQ, for Node. Prints what it did or saw as one line of JSON.
const { createRequire } = require("node:module");
const [, , modules, command, port, queue, ...more] = process.argv;
const load = createRequire(`${modules}/`);
const connection = { host: "127.0.0.1", port: Number(port), maxRetriesPerRequest: null };

const commands = {
  // Does one job.
  async work() {
    const { Worker } = load("bullmq");
    let worker;
    const seen = await new Promise((resolve, reject) => {
      const done = async (job) => ({ by: "node", id: job.id });
      worker = new Worker(queue, done, { connection });
      worker.on("completed", (job) => resolve({ name: job.name, data: job.data }));
      worker.on("failed", (_, error) => reject(error));
      worker.on("error", reject);
    });
    await worker.close();
    return seen;
  },

  // Adds a job, and waits until it is done.
  async add() {
    const { Queue, QueueEvents } = load("bullmq");
    const [name, data] = more;
    const [jobs, events] = [new Queue(queue, { connection }), new QueueEvents(queue, { connection })];
    await events.waitUntilReady();
    const job = await jobs.add(name, JSON.parse(data));
    const seen = await job.waitUntilFinished(events, 20000).then(
      (returned) => ({ returned }),
      (error) => ({ failed: error.message }),
    );
    await Promise.all([jobs.close(), events.close()]);
    return seen;
  },

  // What the dashboard shows of the queue.
  async board() {
    const { Queue } = load("bullmq");
    const { createBullBoard } = load("@bull-board/api");
    const { BullMQAdapter } = load("@bull-board/api/bullMQAdapter");
    const jobs = new Queue(queue, { connection });
    const shown = {};
    const server = new Proxy({}, {
      get: (_, name) => (value) => {
        shown[name] = value;
        return server;
      },
    });
    createBullBoard({
      queues: [new BullMQAdapter(jobs)],
      serverAdapter: server,
      options: { uiBasePath: modules },
    });
    const listing = shown.setApiRoutes.find((route) => [route.route].flat().includes("/api/queues"));
    const [status] = more;
    const query = { activeQueue: queue, status, page: "1", jobsPerPage: "10" };
    const answer = await listing.handler({ queues: shown.setQueues, query, uiConfig: {} });
    await jobs.close();
    const [found] = answer.body.queues;
    return { counts: found.counts, jobs: found.jobs.map(({ id, name, data }) => ({ id, name, data })) };
  },

  // What the dashboard's buttons do to a job: `retry` or `remove`.
  async press() {
    const { Queue } = load("bullmq");
    const [button, id] = more;
    const jobs = new Queue(queue, { connection });
    const job = await jobs.getJob(id);
    await job[button]();
    await jobs.close();
    return { done: button };
  },

  // How far the dashboard says that a job is.
  async progress() {
    const { Queue } = load("bullmq");
    const jobs = new Queue(queue, { connection });
    const job = await jobs.getJob(more[0]);
    await jobs.close();
    return { progress: job.progress };
  },

  // What RSMQ has in a queue; hidden for a second.
  async rsmq() {
    const Rsmq = load("rsmq");
    const client = new Rsmq({ host: "127.0.0.1", port: Number(port) });
    const { vt, msgs } = await client.getQueueAttributesAsync({ qname: queue });
    const { id, message } = await client.receiveMessageAsync({ qname: queue, vt: 1 });
    client.quit();
    return { vt, msgs, id, message: message && JSON.parse(message) };
  },
};

commands[command]().then(
  (seen) => {
    console.log(JSON.stringify(seen));
    process.exit(0);
  },
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
