/** A line to the server that can be cut: what a browser sees when the server, or the network before it, is gone. */
import { connect, createServer, type Server, type Socket } from 'node:net';

export async function openLine(origin: string): Promise<{
  readonly origin: string;
  readonly cut: () => Promise<void>;
  readonly mend: () => Promise<void>;
}> {
  const target = Number(new URL(origin).port);
  const open = new Set<Socket>();
  const answer = (socket: Socket) => {
    // by its address: two addresses are tried with a quarter of a second each, too short on a busy machine
    const far = connect({ port: target, host: '127.0.0.1', autoSelectFamily: false });
    for (const end of [socket, far]) {
      open.add(end);
      end.on('error', () => end.destroy());
      end.on('close', () => {
        open.delete(end);
        socket.destroy();
        far.destroy();
      });
    }
    socket.pipe(far).pipe(socket);
  };
  let server: Server | undefined;
  let port = 0;
  const mend = async () => {
    server = createServer(answer);
    await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve));
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  };
  const cut = async () => {
    const closed = new Promise((resolve) => server?.close(resolve));
    for (const socket of open) socket.destroy();
    await closed;
  };
  await mend();
  return { origin: `http://127.0.0.1:${port}`, cut, mend };
}
